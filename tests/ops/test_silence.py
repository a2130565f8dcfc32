"""inf and nan come in silence, as in torch: no warning and no error of NumPy's, whatever the user has set.

In these tests NumPy raises for every overflow and division by zero that it notices in the user's own code; pytest
makes errors of warnings.
"""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import tinygrad_mlp as torch
from support import oracle
from support.commands import environment
from support.row_inputs import row_inputs
from tinygrad_mlp.autograd import grad
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.tensor import INPLACE

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.5, float("inf"), float("-inf"), float("nan"), 1e-38, -1e-45, 3e38, -3e38, 88.8, 2e19]
ROWS = sorted(TABLE)
SEEDS = st.integers(0, 9999)


@pytest.fixture(autouse=True)
def _numpy_raises() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


EXAMPLES = settings(max_examples=min(8, settings().max_examples), phases=[Phase.generate])


def special(args: Any, seed: int) -> Any:
    """Arguments with their floating elements replaced by special numbers."""
    random = np.random.default_rng(seed)
    return oracle.changed(args, lambda a: random.choice(SPECIAL, a.shape).astype(a.dtype))


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # what torch says, too, of a variance of one number
@EXAMPLES
@given(data=st.data())
def test_a_row_is_silent(name: str, data: st.DataObject) -> None:
    row = TABLE[name]
    inputs = row_inputs(row, data.draw(st.sampled_from(["float32", "float64", "float16"])))
    with np.errstate(all="ignore"):
        args = data.draw(inputs)
        args = special(args, data.draw(SEEDS))
        ours, _, leaves, _ = oracle.leaves(row, args, lambda: True)
    try:
        results = [x for x in oracle.outputs(oracle.call_ours(row, ours)) if x.requires_grad]
        cotangents = [torch.full(x.shape, data.draw(st.sampled_from(SPECIAL)), dtype=x.dtype) for x in results]
        if not results:
            return
        first = grad(results, leaves, cotangents, create_graph=True, allow_unused=True)
        again = [g for g in first if g is not None and g.requires_grad]
        if again:
            grad(again, leaves, [torch.full(g.shape, 3e38, dtype=g.dtype) for g in again], allow_unused=True)
        results = [x for x in oracle.outputs(oracle.call_ours(row, ours)) if x.requires_grad]
        grad(results, leaves, cotangents, allow_unused=True)
    except FloatingPointError:
        raise
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError):
        return  # a refusal, which the tests of the rows compare with torch's


@pytest.mark.parametrize("name", sorted(name[:-1] for name in INPLACE if name[:-1] in TABLE))
@pytest.mark.filterwarnings("ignore::UserWarning")  # what torch says, too, of a variance of one number
@EXAMPLES
@given(data=st.data())
def test_a_row_in_place_is_silent(name: str, data: st.DataObject) -> None:
    row = TABLE[name]
    inputs = row_inputs(row, data.draw(st.sampled_from(["float32", "float64", "float16"])))
    with np.errstate(all="ignore"):
        args = special(data.draw(inputs), data.draw(SEEDS))
        ours, _, leaves, _ = oracle.leaves(row, args, lambda: data.draw(st.booleans()))
    try:
        first = ours[0] * 1 if isinstance(ours[0], torch.Tensor) else ours[0]
        result = getattr(first, name + "_")(*ours[1:])
        if result.requires_grad:
            grad(result, leaves, torch.full(result.shape, 3e38, dtype=result.dtype), allow_unused=True)
    except FloatingPointError:
        raise
    except (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError, AttributeError):
        return


# -- beside the rows -------------------------------------------------------------------------------

ALL_DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
X = torch.tensor([0.0, 1.0, float("inf"), float("-inf"), float("nan"), 1e30, 70000.0, -1e-45])
WIDE = torch.tensor([1e300, -1e-310, float("nan"), float("inf")], dtype=torch.float64)


@pytest.mark.parametrize("name", ALL_DTYPES)
def test_casts(name: str) -> None:
    dtype = getattr(torch, name)
    for x in (X, WIDE, X.to(torch.float16)):
        x.to(dtype)
        x.type(dtype)
        torch.zeros(len(x), dtype=dtype).copy_(x)
        torch.tensor(x.tolist() if dtype.is_floating_point else [1.5], dtype=dtype)
        torch.as_tensor(x.numpy(), dtype=dtype)
        torch.zeros(len(x), dtype=dtype)[:] = x.to(dtype)
        y = torch.zeros(len(x), dtype=dtype)
        y[:] = x
        y[torch.arange(len(x))] = x.to(dtype)
        y.index_put_((torch.arange(len(x)),), x.to(dtype)) if hasattr(y, "index_put_") else None


def layers() -> list[Any]:
    nn = torch.nn
    return [
        nn.Linear(8, 3), nn.BatchNorm1d(8), nn.LayerNorm(8), nn.Softmax(1), nn.LogSoftmax(1), nn.GELU(), nn.SiLU(),
        nn.Softplus(), nn.Tanh(), nn.Sigmoid(), nn.ELU(), nn.SELU(), nn.Mish(), nn.Softmin(1), nn.Hardswish(),
    ]  # fmt: skip


FUNCTIONS: dict[str, Callable[[], Any]] = {
    "item": lambda: [float(v) for v in X],
    "text": lambda: [repr(X), repr(WIDE), str(X.to(torch.float16)), f"{X[1]}"],
    "a number that overflows": lambda: torch.tensor(1e300, dtype=torch.float32),
    "numbers that overflow": lambda: [X * 1e300, X + 1e300, X / 1e-300, 1e300 - X, X**300],
    "composites": lambda: [
        X.std(), X.var(), X.norm(), torch.softmax(X, 0), torch.logsumexp(X, 0), X.clamp(-1e30, 1e30), X.nansum()
        if hasattr(X, "nansum") else None, torch.isclose(X, X), torch.allclose(X, X), X.argmax(), X.sort(), X.cumsum(0),
        torch.linspace(-1e300, 1e300, 5), torch.arange(0, 1, 0.1), X.addcmul(X, X, value=1e30), torch.lerp(X, X, 1e30),
    ],
    "random": lambda: [
        torch.randn(5), torch.rand(5), torch.empty(40).normal_(1e30, 1e30), torch.empty(5).exponential_(1e-30),
        torch.empty(5).uniform_(-1e30, 1e30),
        torch.randint(0, 9, (3,)), torch.bernoulli(torch.full((3,), 0.5)),
        torch.empty(5, dtype=torch.float16).normal_(1e4, 1e5), torch.nn.init.trunc_normal_(torch.empty(30)),
    ],
    "losses": lambda: [
        loss(X, X.nan_to_num() if hasattr(X, "nan_to_num") else torch.zeros(8))
        for loss in (torch.nn.MSELoss(), torch.nn.L1Loss(), torch.nn.SmoothL1Loss(), torch.nn.BCEWithLogitsLoss())
    ],
    "layers": lambda: [layer(torch.stack([X, X])) for layer in layers()],
    "comparisons": lambda: [X > X, X == 1e300, X < -1e300, torch.maximum(X, X), torch.where(X > 0, X, 1e30)],
    "clipping": lambda: torch.nn.utils.clip_grad_norm_(with_gradient(X.tolist()), 1.0),
}  # fmt: skip


def with_gradient(numbers: list[float]) -> list[Any]:
    p = torch.nn.Parameter(torch.zeros(len(numbers)))
    p.grad = torch.tensor(numbers)
    return [p]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    FUNCTIONS[name]()


@pytest.mark.parametrize("huge", [3e38, float("inf"), 1e-45, float("nan")])
@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=1e30, momentum=0.9, weight_decay=1e30),
        lambda p: torch.optim.Adam(p, lr=1e30, amsgrad=True),
        lambda p: torch.optim.AdamW(p, lr=1e30),
    ],
    ids=["SGD", "Adam", "AdamW"],
)
def test_optimisers(make: Callable[[Any], Any], huge: float) -> None:
    parameters = with_gradient([huge, -huge, 1.0])
    optimizer = make(parameters)
    for _ in range(3):
        optimizer.step()


def step(x: Any, w: Any, optimizer: Any) -> Any:
    optimizer.zero_grad()
    loss = (torch.log(x) * torch.exp(w * 1e3)).sum() / 0
    loss.backward()
    optimizer.step()
    return loss


def test_a_compiled_step() -> None:
    w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = torch.optim.SGD([w], lr=1.0)
    compiled = torch.compile(lambda x: step(x, w, optimizer))
    for _ in range(5):
        compiled(torch.tensor([0.0, -1.0]))
    assert len(compiled.programs) == 1


def test_functional_transforms() -> None:
    def f(x: Any) -> Any:
        return (torch.log(x) / 0).sum()

    x = torch.tensor([0.0, 1.0])
    for transform in (torch.func.grad, torch.func.jacrev, torch.func.jacfwd, torch.func.hessian):
        transform(f)(x)
    torch.func.jvp(f, (x,), (x,))


# -- the user's own settings -----------------------------------------------------------------------


def noticed() -> bool:
    """Whether NumPy raises in code of the user here."""
    try:
        np.ones(1) / np.zeros(1)
    except FloatingPointError:
        return True
    return False


def test_code_of_the_user_keeps_its_settings() -> None:
    seen = []

    def look(*_: Any) -> None:
        seen.append(noticed())

    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            look()
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            look()
            return g

    def closure() -> Any:
        look()
        return torch.zeros(())

    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: look() or t, lambda t: look() or t):
        y = F.apply(x).exp()
    y.register_hook(look)
    y.grad_fn.register_hook(look)
    y.grad_fn.register_prehook(look)
    x.register_hook(look)
    x.register_post_accumulate_grad_hook(look)
    layer = torch.nn.Linear(2, 1)
    layer.register_forward_hook(look)
    layer(y).sum().backward(create_graph=True)
    torch.optim.SGD([x], lr=0.1).step(closure)
    torch.func.grad(lambda t: (look(), t.sum())[1])(torch.ones(2))
    torch.compile(lambda t: (t * 2, look())[0])
    look()
    assert len(seen) >= 11 and all(seen)
    with np.errstate(divide="ignore"):
        seen.clear()
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(look)
        y.sum().backward()
        assert seen == [False]
    assert noticed()


def test_what_a_hook_sets_holds_afterwards() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: np.seterr(divide="ignore") and None)
    assert noticed()
    y.sum().backward()
    assert not noticed()
    np.seterr(divide="raise")
    seen: list[bool] = []
    y = x * 2
    y.register_hook(lambda g: seen.append(noticed()))
    y.sum().backward()
    assert seen == [True] and noticed()


def test_the_settings_come_back_after_an_exception() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2

    def fail(g: Any) -> None:
        raise KeyError("here")

    y.register_hook(fail)
    with pytest.raises(KeyError):
        y.sum().backward()
    with pytest.raises(RuntimeError):
        torch.ones(2) + torch.ones(3)
    with pytest.raises(RuntimeError):
        torch.ones(2).add_(torch.ones(3))
    assert noticed()


def test_threads_and_computations_inside_of_computations() -> None:
    """Another thread, or a callback of Python's in the middle of NumPy's work, finds the quiet context entered."""
    from tinygrad_mlp.arrays.silence import quietly

    found: list[Any] = []
    zero = torch.zeros(1)

    def work() -> None:
        with np.errstate(all="raise"):
            found.extend(float((torch.ones(1) / zero)[0]) for _ in range(2000))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [float("inf")] * 8000
    quietly(lambda: found.append((torch.ones(1) / zero).add_(1)))
    assert float(found[-1]) == float("inf")
    with pytest.raises(RuntimeError, match="size of tensor"):
        quietly(lambda: torch.ones(2) + torch.ones(3))


def test_the_variables_of_the_users_context_are_seen_in_hooks() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("mine")
    seen: list[str] = []
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: seen.append(name.get()))
    y.sum().backward()
    assert seen == ["mine"]


PROGRAM = """
import warnings, numpy as np, tinygrad_mlp as torch
x = torch.tensor([0.0, -1.0], requires_grad=True)
y = torch.log(x) / 0
y.sum().backward()
torch.tensor([1e300], dtype=torch.float64).float()
print(y.tolist())
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    torch.log(x)
    np.log(np.zeros(1))
print([str(w.message) for w in caught])
"""


@pytest.mark.parametrize("option", ["error", "always", "default"])
def test_a_process_with_warnings(option: str) -> None:
    args = [sys.executable, "-W", option, "-c", PROGRAM]
    done = subprocess.run(args, env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[-inf, nan]\n['divide by zero encountered in log']\n"


def test_the_import_adds_no_filter() -> None:
    program = (
        "import warnings, numpy; before = warnings.filters[:]; import tinygrad_mlp; print(warnings.filters == before)"
    )
    args = [sys.executable, "-c", program]
    assert subprocess.run(args, env=environment(), capture_output=True, text=True).stdout == "True\n"
    assert warnings.filters
