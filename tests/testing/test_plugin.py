"""`gradient_test` and the plugin of pytest: the items of a declaration, what each finds, and what all that costs.

Pytest runs in processes of its own, one for many declarations.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tinygrad_mlp
from support.commands import ROOT, environment
from tinygrad_mlp.testing import gradient_test
from tinygrad_mlp.testing.cases import fixed_cases
from tinygrad_mlp.testing.checks import CHECKS
from tinygrad_mlp.testing.kept import forget, keep, kept

PLUGIN = "tinygrad_mlp.testing.tinygrad_mlp_pytest"
NAMES = ["value", "gradient", "second_gradient", "float32", "batch_of_one", "empty", "non_contiguous", "compiled"]

START = """
import numpy as np
import pytest
import tinygrad_mlp as torch
from hypothesis import settings, strategies as st
from tinygrad_mlp.testing import gradient_test, tensors, arrays

class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return {forward}

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return {backward}
"""
RIGHT = START.format(forward="x * x", backward="g * 2 * x")


def run(folder: Path, program: str, *args: str) -> Any:
    """Run a test module with the plugin, warnings being errors: the lines, and what became of each item."""
    folder.joinpath("test_it.py").write_text(program)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", PLUGIN, "-rA", "--strict-markers", "--color=no"]
    done = subprocess.run(
        [*command, *args], cwd=folder, env=environment(), capture_output=True, text=True, timeout=200
    )  # fmt: skip
    lines = done.stdout.splitlines()
    words = [line.split() for line in lines if line.startswith(("PASSED", "FAILED", "ERROR"))]
    return lines, {word[1].split("::")[1]: word[0] for word in words}


# -- the items -------------------------------------------------------------------------------------

DECLARATIONS = {
    "function_class": "test_{} = gradient_test(inputs=(3, 4), reference=np.square)(Square)",
    "shapes": "test_{} = gradient_test(inputs=((3, 4),), reference=lambda x: torch.square(x))(Square)",
    "tensor": "@gradient_test(inputs=torch.ones(2, 3))\ndef test_{}(x):\n    return Square.apply(x)",
    "several": "@gradient_test(inputs=((3, 2), (4, 2), (4,)))\ndef test_{}(x, w, b):\n    return x @ w.T + b",
    "classes": "@gradient_test(inputs=((3, 4), torch.tensor([0, 3, 1])))\n"
    "def test_{}(x, y):\n    return torch.nn.functional.cross_entropy(x, y, reduction='sum')",
    "factory": "@gradient_test(inputs=(3, 4))\ndef test_{}():\n    return torch.nn.Linear(4, 2)",
    "module_class": "test_{} = gradient_test(inputs=(3, 4))(torch.nn.Softplus)",
    "module": "test_{} = gradient_test(inputs=(3, 4))(torch.nn.Linear(4, 2))",
    "drawn": "test_{} = gradient_test(inputs=tensors('float64', finite=True, awkward='zero'), reference=np.square)"
    "(Square)",
    "drawn_pair": "pair = st.tuples(arrays('float64', (2, 2), awkward=False), arrays('float64', 2, awkward=False))\n"
    "@gradient_test(inputs=pair)\ndef test_{}(x, y): return x * y",
}
FEW = "settings.register_profile('few', max_examples=5)\nsettings.load_profile('few')\n"
OTHERS = """
test_number = gradient_test(inputs=())(Square)
test_left_out = gradient_test(inputs=(2,), leave_out={'compiled': 'it reads a clock'})(Square)
seen = []

@pytest.fixture(autouse=True)
def around():
    seen.append(1)

@pytest.mark.skip(reason='of the user')
@gradient_test(inputs=(2,))
def test_outside(x):
    return x * x

@gradient_test(inputs=(2,))
@pytest.mark.skip(reason='of the user')
def test_inside(x):
    return x * x

def test_other():
    assert seen
"""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Any:
    declared = "\n".join(text.format(name) for name, text in DECLARATIONS.items())
    return run(tmp_path_factory.mktemp("right"), RIGHT + FEW + declared + OTHERS)


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_right_function_passes_every_check(right: Any, name: str) -> None:
    found = {item: outcome for item, outcome in right[1].items() if item.startswith(f"test_{name}[")}
    assert found == {f"test_{name}[{check}]": "PASSED" for check in NAMES}, "\n".join(right[0])


def test_inputs_without_a_batch_have_no_checks_of_batches(right: Any) -> None:
    found = [item for item in right[1] if item.startswith("test_number")]
    assert found == [f"test_number[{name}]" for name in NAMES if name not in ("batch_of_one", "empty")]


def test_what_is_left_out_is_shown_with_its_reason(right: Any) -> None:
    assert [line.split(": ")[-1] for line in right[0] if "it reads a clock" in line] == ["it reads a clock"]
    assert sum(item.startswith("test_left_out") for item in right[1]) == len(NAMES) - 1


def test_marks_and_fixtures_work_as_for_other_tests(right: Any) -> None:
    assert right[1]["test_other"] == "PASSED"
    assert not any(item.startswith(("test_outside", "test_inside")) for item in right[1])
    counts = [line.split()[1] for line in right[0] if "of the user" in line]
    assert counts == [f"[{len(NAMES)}]"] * 2


def test_checks_are_selected_by_name(tmp_path: Path) -> None:
    program = RIGHT + "test_f = gradient_test(inputs=(2,))(Square)\ndef test_other(): pass\n"
    lines, _ = run(tmp_path, program, "--collect-only", "-q", "-k", "empty or gradient and not second")
    assert [line.split("::")[1] for line in lines if "::" in line] == ["test_f[gradient]", "test_f[empty]"]


def test_what_cannot_be_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no check 'grad' to leave out; there are value, gradient, "):
        gradient_test(inputs=(2,), leave_out={"grad": "slow"})


def test_the_test_can_be_called_as_the_function() -> None:
    @gradient_test(inputs=(2,))
    def test_f(x: Any) -> Any:
        return x + 1

    assert test_f(3) == 4  # type: ignore[func-returns-value, arg-type]


# -- what each check finds -------------------------------------------------------------------------

# The forward and the backward of a Square with a fault, the check that fails, and what it says.
FAULTS: dict[str, tuple[str, str, str, str]] = {
    "other": ("x * x + 1e-5", "g * 2 * x", "value", "output 0 beside the reference is "),
    "factor": ("x * x", "g * x", "gradient", "half of what it should be: is a factor 2 missing?"),
    "detached": ("x * x", "g * 2 * x.detach()", "second_gradient", "cannot be differentiated again"),
    "narrow": ("x * x", "g * 2 * (x if x.dtype == torch.float64 else x * 1.01)", "float32",
               "array 1 of the results and gradients, in float32 beside float64"),
    "squeezed": ("x * x", "g * 2 * (x if len(x) != 1 else 2 * x)", "batch_of_one", "twice"),
    "nothing": ("x * x if len(x) else x[1]", "g * 2 * x", "empty", "IndexError"),
    "memory": ("torch.from_numpy(x.numpy().ravel('K').reshape(x.shape).copy()) ** 2", "g * 2 * x", "non_contiguous",
               "array 0 of the results and gradients, with transposed inputs, is "),
    "read": ("x * x * float(float(x.detach().numpy().sum()) > -99)", "g * 2 * x", "compiled", "CannotRecord"),
}  # fmt: skip


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Any:
    declared = [
        START.format(forward=forward, backward=backward).replace("Square", f"Of{name}")
        + f"left = {{}} if {check!r} == 'compiled' else {{'compiled': 'no matter here'}}\n"
        + f"test_{name} = gradient_test(inputs=(3, 4), reference=np.square, leave_out=left)(Of{name})\n"
        for name, (forward, backward, check, _) in FAULTS.items()
    ]
    return run(tmp_path_factory.mktemp("wrong"), "\n".join(declared))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_the_right_item(wrong: Any, fault: str) -> None:
    lines, found = wrong
    _, _, check, text = FAULTS[fault]
    failed = [item for item, outcome in found.items() if outcome != "PASSED" and item.startswith(f"test_{fault}[")]
    assert failed == [f"test_{fault}[{check}]"], "\n".join(lines)
    first = next(i for i, line in enumerate(lines) if line.strip("_ ") == failed[0])
    told = lines[first + 1 : next(i for i in range(first + 1, len(lines)) if lines[i].startswith(("___", "===")))]
    assert any(text in line for line in told), "\n".join(told)
    if text not in ("IndexError", "CannotRecord"):  # no lines of this package stand before the text
        assert told[0].startswith((f"Of{fault}: the gradient of x is wrong", "output ", "array ")), told


@pytest.mark.parametrize(
    ("check", "subject", "text"),
    [
        ("value", lambda x: x.detach().add_(1.0) * 1.0, "input 0 was changed"),
        ("value", lambda x: x.argmax(), "the result has no floating tensor"),
        ("value", lambda x: x * tinygrad_mlp.rand(()), "output 0 when it is computed again is "),
        ("float32", lambda x: x.double() * 2, "array 0 of the results and gradients is float64 where the inputs are"),
    ],
)  # fmt: skip
def test_what_else_the_checks_say(check: str, subject: Any, text: str) -> None:
    (case,) = fixed_cases(subject, (3, 4), {})
    with pytest.raises(AssertionError, match=text):
        CHECKS[check](case)


def test_a_reference_may_take_tensors_of_torch() -> None:
    import torch

    def subject(x: Any) -> Any:
        return tinygrad_mlp.nn.functional.softplus(x)

    (case,) = fixed_cases(subject, (3, 4), {"reference": torch.nn.functional.softplus})
    CHECKS["value"](case)
    (case,) = fixed_cases(subject, (3, 4), {"reference": lambda x: x.no_such_name})
    with pytest.raises(TypeError, match=r"the reference takes neither arrays nor tensors: .*no_such_name"):
        CHECKS["value"](case)


def test_functions_and_modules_of_torch_are_checked() -> None:
    import torch

    for subject, inputs in ((torch.nn.Linear(4, 2), (3, 4)), (torch.tanh, torch.ones(2, 3))):
        (case,) = fixed_cases(subject, inputs, {})
        for name, check in CHECKS.items():
            if name != "compiled":
                check(case)
        with pytest.raises(pytest.skip.Exception, match="a function of torch's is not compiled here"):
            CHECKS["compiled"](case)


# -- failing inputs are kept -----------------------------------------------------------------------

WRONG = START.format(forward="x * x", backward="g * torch.where(x > 1.5, 3 * x, 2 * x)")


def test_the_smallest_failing_input_is_kept_and_replayed(tmp_path: Path) -> None:
    declared = "test_f = gradient_test(inputs=np.array([[0.5, 3.25], [0.0, -1.0]]))(Square)\n"
    args = ["-k", "gradient and not second"]
    assert run(tmp_path, WRONG + declared, *args)[1] == {"test_f[gradient]": "FAILED"}
    (cached,) = tmp_path.joinpath(".pytest_cache/v/gradient_test").rglob("*[[]gradient]")
    (written,) = json.loads(cached.read_text())
    # The search for smaller ones ends after some seconds; where there is time for it, it finds [[2.0]].
    assert max(written["array"]) > 1.5 and len(written["array"]) <= 4 and written["dtype"] == "float64"
    # Another declaration, of which the inputs are right, fails with what is kept until the function is right.
    declared = declared.replace("3.25", "0.25")
    lines, found = run(tmp_path, WRONG + declared, *args)
    assert found == {"test_f[gradient]": "FAILED"} and any(" right is " in line for line in lines)
    assert run(tmp_path, RIGHT + declared, *args)[1] == {"test_f[gradient]": "PASSED"}
    assert json.loads(cached.read_text()) is None


def test_nothing_is_kept_without_a_cache() -> None:
    """As with `-p no:cacheprovider`."""
    request: Any = SimpleNamespace(config=SimpleNamespace(), node=SimpleNamespace(nodeid="test_f[gradient]"))
    (case,) = fixed_cases(lambda x: x.detach() * x, (2,), {})
    keep(request, case, CHECKS["gradient"])
    forget(request)
    assert kept(request) == []


# In a CI hypothesis keeps nothing unless it is told to, nor does it where a seed is given: so these examples are random
# ones, and there are enough of them to fail always.
KEPT = WRONG.replace("x * x", "seen.append(x.detach().numpy().tolist()) or x * x", 1) + """
from hypothesis.database import DirectoryBasedExampleDatabase

seen = []
database = DirectoryBasedExampleDatabase("database")
settings.register_profile("kept", max_examples=EXAMPLES, derandomize=False, database=database)
settings.load_profile("kept")
test_f = gradient_test(inputs=tensors("float64", awkward=False, empty=False))(Square)

def test_seen():  # the first input is one that failed, and not the simplest there is
    assert np.max(seen[0]) > 1.5
"""  # fmt: skip


def test_hypothesis_keeps_and_replays_what_fails(tmp_path: Path) -> None:
    args = ["-k", "gradient and not second or seen"]
    lines, _ = run(tmp_path, KEPT.replace("EXAMPLES", "500"), *args)
    assert "FAILED" in "".join(lines) and any(" right is " in line for line in lines), "\n".join(lines)
    _, found = run(tmp_path, KEPT.replace("EXAMPLES", "1"), *args)
    assert found == {"test_f[gradient]": "FAILED", "test_seen": "PASSED"}


# -- what it costs ---------------------------------------------------------------------------------

EMPTY = """
import sys

def test_modules():
    assert 'tinygrad_mlp_pytest' in sys.modules
    assert not {'torch', 'numpy', 'hypothesis', 'tinygrad_mlp'} & set(sys.modules)
"""


def test_the_plugin_imports_nothing(tmp_path: Path) -> None:
    """It is installed as a package beside this one, which is what the folder in front of the path does here."""
    tmp_path.joinpath("test_it.py").write_text(EMPTY)
    folder = ROOT / "tinygrad_mlp" / "testing"
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "tinygrad_mlp_pytest"]
    env = {**environment(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
