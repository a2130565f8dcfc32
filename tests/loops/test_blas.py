"""Whose BLAS computes the products of loops: NumPy's; or oneMKL's, where it is installed, by a trial.

oneMKL itself is 220 MB and not installed for tests: functions that count their calls and hand them on to NumPy's BLAS
stand in for it.
"""

from __future__ import annotations

import ctypes
import importlib
import re
import runpy
from importlib import metadata

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import World, assert_equal, batches, descent, mlp
from tinygrad_mlp.compiler.loops import blas, loading, trial
from tinygrad_mlp.compiler.loops.forms import NUMPY
from tinygrad_mlp.compiler.loops.products import Size

GEMM = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)
ALL, ONE = trial.MKL


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own for what is kept, and nothing that was found before."""
    monkeypatch.setenv("TINYGRAD_MLP_CACHE", str(tmp_path))
    monkeypatch.delenv(blas.ASKED, raising=False)
    trial._tried.cache_clear()
    yield tmp_path
    trial._tried.cache_clear()


def product(address, a, b, dtype):
    """a @ b by the gemm at an address, with integers of 64 bits."""
    c = np.zeros((len(a), b.shape[1]), dtype)
    sizes = np.array([c.shape[1], len(a), len(b), b.shape[1], a.shape[1], c.shape[1]], np.int64)
    factors, letter = np.array([1, 0], dtype), np.array([ord("N")], np.uint8)
    n, m, k, of_b, of_a, of_c = (sizes.ctypes.data + 8 * i for i in range(6))
    alpha, beta, no = factors.ctypes.data, factors.ctypes.data + factors.itemsize, letter.ctypes.data
    GEMM(address)(no, no, n, m, k, alpha, b.ctypes.data, of_b, a.ctypes.data, of_a, beta, c.ctypes.data, of_c)
    return c


# -- NumPy's ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, dtype", [("sgemm", np.float32), ("dgemm", np.float64)])
@pytest.mark.parametrize("find", [blas._in_numpy, blas._in_scipy, blas.address_of])
def test_the_functions_of_numpy_and_scipy_compute_products(find, name, dtype):
    a, b = np.arange(6, dtype=dtype).reshape(2, 3), np.arange(12, dtype=dtype).reshape(3, 4)
    np.testing.assert_array_equal(product(find(name), a, b, dtype), a @ b)


def test_scipy_is_asked_where_numpy_does_not_say_where_its_functions_are(monkeypatch):
    monkeypatch.setattr(blas, "_NAMES", ("no_{}_of_this_name",))
    assert blas.address_of("sgemm") == blas._in_scipy("sgemm") != 0


# -- by hand ---------------------------------------------------------------------------------------


@pytest.fixture
def without_mkl(monkeypatch):
    known = metadata.distribution

    def distribution(name):
        if name == "mkl":
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(blas.metadata, "distribution", distribution)
    blas._mkl_path.cache_clear()
    yield
    blas._mkl_path.cache_clear()


def test_without_mkl_nothing_is_tried(without_mkl, monkeypatch, capsys):
    monkeypatch.setattr(trial, "_Libraries", None)
    step = stepped("loops")[1]
    step.explain()
    assert "tried" not in capsys.readouterr().out
    assert "mkl" not in step.source
    with pytest.raises(OSError, match="not installed"):
        blas.mkl_addresses()


def test_mkl_that_is_asked_for_must_be_there(without_mkl, monkeypatch):
    monkeypatch.setenv(blas.ASKED, "mkl")
    for backend in ("loops", None):
        with pytest.raises(ImportError, match=r"TINYGRAD_MLP_BLAS is 'mkl', but .* pip install 'tinygrad_mlp\[mkl\]'"):
            torch.compile(lambda x: x @ x, backend=backend)
    assert torch.compile(lambda x: x @ x, backend="numpy")(torch.ones(2, 2)).sum() == 8


def test_other_libraries_are_not_known(monkeypatch):
    monkeypatch.setenv(blas.ASKED, "atlas")
    with pytest.raises(ValueError, match="TINYGRAD_MLP_BLAS must be 'openblas' or 'mkl', but is 'atlas'"):
        torch.compile(lambda x: x, backend="loops")


# -- a stand-in for oneMKL -------------------------------------------------------------------------


class StandIn:
    """Counts the calls of oneMKL's functions, each with the number of threads it may use, and hands them on."""

    def __init__(self):
        self.calls, self.limit = [], 0
        self.functions = {name: GEMM(self.gemm(name)) for name in ("sgemm", "dgemm")}
        self.functions["threads"] = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(self.threads)

    def gemm(self, name):
        function = GEMM(blas.address_of(name))

        def call(*args):
            self.calls.append((name, self.limit))
            function(*args)

        return call

    def threads(self, count):
        before, self.limit = self.limit, count
        return before

    def addresses(self):
        return {name: ctypes.cast(function, ctypes.c_void_p).value for name, function in self.functions.items()}


STAND_IN = StandIn()  # for good: machine code keeps its addresses


@pytest.fixture
def mkl(monkeypatch):
    monkeypatch.setattr(blas, "mkl_version", lambda: "2026.0")
    monkeypatch.setattr(blas, "mkl_addresses", STAND_IN.addresses)
    monkeypatch.setattr(trial, "WAITING", 0)
    loading.define_mkl.cache_clear()
    STAND_IN.calls.clear()
    STAND_IN.limit = 0
    yield STAND_IN
    loading.define_mkl.cache_clear()


def stepped(backend):
    torch.manual_seed(0)
    model = mlp(4, 6, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    world = World(descent(model, optimizer, torch.nn.functional.cross_entropy), model, optimizer)
    step = torch.compile(world.step, backend=backend)
    losses = [step(*call).detach().numpy().copy() for call in batches(5)]
    assert step.backend == backend
    return (losses, world.seen()), step


def take(monkeypatch, choice):
    """Let the trial find this choice the best."""
    monkeypatch.setattr(
        trial, "_best", lambda sizes, only: [trial.Timed(choice, {"gemm": 3e-6, choice.function: 2e-6})] * len(sizes)
    )


@pytest.mark.parametrize("choice, limit", [(ALL, 0), (ONE, 1)])
def test_products_by_mkl_are_those_of_the_numpy_program(mkl, monkeypatch, choice, limit):
    take(monkeypatch, choice)
    ours, step = stepped("loops")
    assert set(mkl.calls) == {("sgemm", limit)}
    assert mkl.limit == 0
    assert_equal(list(ours), list(stepped("numpy")[0]), 1e-6)
    assert len(re.findall(rf"\b{choice.function}\(", step.source)) == len(re.findall(r"gemm", step.source))


def test_float64_has_its_own_function(mkl, monkeypatch):
    take(monkeypatch, ALL)
    step = torch.compile(lambda x: (x @ x).tanh(), backend="loops")
    x = torch.arange(9, dtype=torch.float64).reshape(3, 3)
    for _ in range(3):
        result = step(x)
    np.testing.assert_allclose(result.numpy(), np.tanh(x.numpy() @ x.numpy()), rtol=1e-12)
    assert set(mkl.calls) == {("dgemm", 0)}


def test_explain_says_by_whom_and_by_how_much(mkl, monkeypatch, capsys):
    take(monkeypatch, ONE)
    step = stepped("loops")[1]
    step.explain()
    assert "@ weight_0.T  (by oneMKL with one thread; tried: NumPy's BLAS 3 us, oneMKL with one thread 2 us)" in (
        capsys.readouterr().out
    )


def test_a_saved_program_does_without_mkl(mkl, monkeypatch, tmp_path, capsys):
    take(monkeypatch, ONE)
    step = torch.compile(lambda x: (x @ x).sum(), backend="loops")
    for _ in range(3):
        result = step(torch.ones(3, 3))
    step.save(tmp_path / "saved.py", steps=1)
    mkl.calls.clear()
    runpy.run_path(str(tmp_path / "saved.py"), run_name="__main__")
    assert float(capsys.readouterr().out.split()[-1]) == result.item() == 27
    assert not mkl.calls


# -- the trial -------------------------------------------------------------------------------------


def test_each_product_is_tried_by_each_library(mkl, capsys):
    ours, step = stepped("loops")
    assert {("sgemm", 0), ("sgemm", 1)} <= set(mkl.calls)
    assert mkl.limit == 0
    assert_equal(list(ours), list(stepped("numpy")[0]), 1e-6)
    step.explain()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("BLAS")]
    number = r"[\d.e+]+ us"
    assert len(lines) == 5
    for line in lines:
        assert re.search(
            rf"NumPy's BLAS {number}, oneMKL with all threads {number}, oneMKL with one thread {number}\)$", line
        )


@pytest.mark.parametrize("asked, libraries", [("openblas", set()), ("mkl", {"all", "one"})])
def test_the_user_decides(mkl, monkeypatch, capsys, asked, libraries):
    monkeypatch.setenv(blas.ASKED, asked)
    step = stepped("loops")[1]
    assert {"one" if limit else "all" for _, limit in mkl.calls} == libraries
    assert len(re.findall(r"\bmkl_gemm", step.source)) == (5 if libraries else 0)


SMALL, LARGE = (Size("float32", n, n, n, False, False, False) for n in (8, 512))


class Clock:
    """Stands in for the libraries: says how long each choice takes for each size, more where two are mixed."""

    def __init__(self, seconds, mixed=0.0):
        self.seconds, self.mixed = seconds, mixed

    def __call__(self):
        return self

    def calls(self, size):
        return dict.fromkeys((NUMPY, *trial.MKL), size)

    def time_of(self, plan):
        total = sum(self.seconds[size][(NUMPY, *trial.MKL).index(choice)] for choice, size in plan)
        return total + (self.mixed if len({choice is NUMPY for choice, _ in plan}) == 2 else 0)


@pytest.mark.parametrize(
    "small, large, mixed, expected",
    [
        ((1, 9, 2), (50, 40, 90), 0, [NUMPY, ALL]),  # each where it is best
        ((1, 9, 2), (50, 40, 90), 20, [ONE, ALL]),  # the threads of two libraries are in each other's way
        ((1, 30, 30), (50, 40, 90), 20, [NUMPY, NUMPY]),
        ((1, 9, 0.97), (50, 49, 90), 0, [NUMPY, NUMPY]),  # too little to count
    ],
)
def test_the_least_time_together_wins(mkl, monkeypatch, small, large, mixed, expected):
    monkeypatch.setattr(trial, "_Libraries", Clock({SMALL: small, LARGE: large}, mixed))
    found = trial._best((SMALL, LARGE), False)
    assert [timed.choice for timed in found] == expected
    assert found[0].seconds == {"gemm": small[0], "mkl_gemm": small[1], "mkl_gemm_one_thread": small[2]}


def test_what_was_found_is_kept(mkl, monkeypatch, folder):
    monkeypatch.setattr(trial, "_Libraries", Clock({SMALL: (5, 2, 3)}))
    first = trial._tried((SMALL,), False)
    (path,) = folder.rglob("*.text")
    trial._tried.cache_clear()
    monkeypatch.setattr(trial, "_Libraries", Clock({SMALL: (2, 5, 3)}))
    assert trial._tried((SMALL,), False) == first
    path.write_bytes(path.read_bytes()[:-3])  # a file that is not whole is not believed
    trial._tried.cache_clear()
    assert trial._tried((SMALL,), False)[0].choice is NUMPY
    trial._tried.cache_clear()
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    monkeypatch.setattr(trial, "_Libraries", Clock({SMALL: (5, 3, 2)}))
    assert trial._tried((SMALL,), False)[0].choice is ONE


def test_mkl_that_cannot_be_loaded_is_left_out(mkl, monkeypatch):
    def broken():
        raise OSError("libiomp5.so: cannot open shared object file")

    monkeypatch.setattr(blas, "mkl_addresses", broken)
    ours, step = stepped("loops")
    assert_equal(list(ours), list(stepped("numpy")[0]), 1e-6)
    assert "mkl" not in step.source


def test_machine_code_that_calls_mkl_is_not_taken_where_it_has_gone(mkl, monkeypatch):
    take(monkeypatch, ALL)
    stepped("loops")
    loading.define_mkl.cache_clear()

    def gone():
        raise OSError("no such file")

    monkeypatch.setattr(blas, "mkl_addresses", gone)
    with pytest.raises(ImportError, match="no such file"):
        loading.define_mkl()


def test_the_library_is_found_where_its_wheel_has_put_it(monkeypatch, tmp_path):
    place = importlib.import_module("numpy").__file__

    class File:
        def __init__(self, name):
            self.name, self.suffix = name, "." + name.split(".", 1)[1]

        def locate(self):
            return place

    class Installed:
        version, files = "2026.2.0", [File("mkl_rt.lib"), File("libmkl_rt.so.3")]

    monkeypatch.setattr(blas.metadata, "distribution", lambda name: Installed)
    blas._mkl_path.cache_clear()
    try:
        assert blas.mkl_version() == "2026.2.0"
        assert blas._mkl_path()[0] == place
    finally:
        blas._mkl_path.cache_clear()
