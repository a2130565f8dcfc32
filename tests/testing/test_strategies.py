"""The public strategies: what they find soon, what they leave out, and what they shrink to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import tinygrad_mlp
from support import oracle
from tinygrad_mlp import testing
from tinygrad_mlp.ops import TABLE
from tinygrad_mlp.tensor import FUNCTIONS
from tinygrad_mlp.testing.strategies import AWKWARD, LAYOUTS

QUICK = settings(max_examples=4, suppress_health_check=list(HealthCheck))
DTYPES = ["float16", "float32", "float64"]


def found(strategy: Any, condition: Callable[[Any], Any], examples: int = 300, **options: Any) -> Any:
    """The smallest example, of those among so many."""
    options = {"phases": [Phase.generate, Phase.shrink], **options}
    wanted = settings(max_examples=examples, derandomize=True, database=None, **options)
    return find(strategy, lambda x: bool(condition(x)), settings=wanted)


def is_negative_zero(x: Any) -> Any:
    return (x == 0) & np.signbit(x)


def is_transposed(x: Any) -> bool:
    return bool(x.size) and x.ndim > 1 and x.strides == x.T.copy().T.strides != x.copy().strides


def is_strided(x: Any) -> bool:
    return x.size > 1 and x.strides[-1] == 2 * x.itemsize and x.shape[-1] > 1


def overlaps(x: Any) -> bool:
    return x.size > 1 and 0 not in x.strides and np.unique(places(x)).size < x.size


def places(x: Any) -> Any:
    """Where in memory each element is."""
    indices = np.indices(x.shape).reshape(x.ndim, -1)
    return np.array(x.strides) @ indices if x.ndim else np.zeros(1)


# What is awkward about an array, and the argument that leaves it out.
POINTS: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "0": (lambda x: ((x == 0) & ~np.signbit(x)).any(), {"awkward": [k for k in AWKWARD if k != "zero"]}),
    "-0.0": (lambda x: is_negative_zero(x).any(), {"awkward": False}),
    "ties": (lambda x: np.unique(x[x == x]).size < (x == x).sum(), {"awkward": [k for k in AWKWARD if k != "tie"]}),
    "inf": (lambda x: (x == np.inf).any(), {"finite": True}),
    "-inf": (lambda x: (x == -np.inf).any(), {"awkward": ["zero", "nan"]}),
    "nan": (lambda x: np.isnan(x).any(), {"finite": True}),
    "subnormal": (lambda x: ((x != 0) & (abs(x) < np.finfo(x.dtype).tiny)).any(), {"awkward": ["zero", "huge"]}),
    "huge": (lambda x: (np.isfinite(x) & (abs(x) > np.finfo(x.dtype).max / 8)).any(), {"awkward": ["zero", "nan"]}),
    "empty": (lambda x: x.size == 0, {"empty": False}),
    "0-d": (lambda x: x.ndim == 0, {"shape": testing.shapes(1)}),
    "transposed": (is_transposed, {"layouts": ["contiguous", "strided"]}),
    "strided": (is_strided, {"layouts": "contiguous"}),
    "expanded": (lambda x: x.size > 1 and x.strides[0] == 0, {"awkward": False}),
    "overlapping": (overlaps, {"layouts": [k for k in LAYOUTS if k != "overlapping"]}),
}


OF_A_DTYPE = ("subnormal", "huge")  # which depend on what it holds
CASES = [(point, dtype) for point in POINTS for dtype in (DTYPES if point in OF_A_DTYPE else ["float32"])]


@pytest.mark.parametrize(("point", "dtype"), CASES)
def test_an_awkward_point_comes_often(point: str, dtype: str) -> None:
    found(testing.arrays(dtype), POINTS[point][0], examples=1000, phases=[Phase.generate])


@pytest.mark.parametrize("point", POINTS)
def test_an_awkward_point_can_be_left_out(point: str) -> None:
    is_there, options = POINTS[point]

    @settings(max_examples=60)
    @given(testing.arrays("float32", **options))
    def holds(x: Any) -> None:
        assert not is_there(x)

    holds()


@given(testing.arrays(["float32", "int64", "uint8"], testing.shapes(max_side=5), awkward=False))
def test_without_awkward_points_all_elements_differ_and_none_is_zero(x: Any) -> None:
    assert x.all() and np.isfinite(x).all() and np.unique(x).size == x.size and x.flags.c_contiguous


SHRUNK: list[tuple[str, Any, Callable[[Any], Any], Any]] = [
    ("an array", testing.arrays(), lambda x: True, np.float32(0)),
    ("not 0", testing.arrays(), lambda x: (x != 0).any(), np.float32(1)),
    ("a vector", testing.arrays(empty=False), lambda x: x.ndim == 1, np.zeros(1, "float32")),
    ("a matrix with elements", testing.arrays(empty=False), lambda x: x.ndim == 2, np.zeros((1, 1), "float32")),
    ("two rows", testing.arrays(empty=False), lambda x: x.ndim == 2 and len(x) > 1, np.zeros((2, 1), "float32")),
    ("large", testing.arrays(finite=True, awkward="tie"), lambda x: (abs(x) > 2).any(), np.float32(3)),
    ("no awkward number", testing.arrays(shape=(1,), awkward=False), lambda x: True, np.ones(1, "float32")),
    ("whole numbers", testing.arrays("int64"), lambda x: (x != 0).any(), np.int64(1)),
    ("bools", testing.arrays("bool", 2), lambda x: True, np.zeros(2, bool)),
    ("random", testing.arrays(finite=True), lambda x: (x % 0.0625 != 0).any() and (abs(x) > 0.1).any(), None),
]  # fmt: skip


@pytest.mark.parametrize(("strategy", "condition", "expected"), [row[1:] for row in SHRUNK], ids=[x[0] for x in SHRUNK])
def test_arrays_shrink(strategy: Any, condition: Any, expected: Any) -> None:
    x = found(strategy, condition)
    if expected is None:  # random numbers shrink, too, though not to round ones
        assert x.size <= 2
    else:
        assert (x.shape, x.dtype) == (expected.shape, expected.dtype)
        assert np.array_equal(x, expected) and x.flags.c_contiguous


@pytest.mark.parametrize("layout", LAYOUTS)
@QUICK
@given(data=st.data())
def test_a_layout_alone(layout: str, data: Any) -> None:
    x = data.draw(testing.arrays(["float32", "int8"], layouts=layout))
    y = data.draw(testing.tensors("float64", (2, 3), layouts=layout))
    assert x.dtype in ("float32", "int8")
    strides = {
        "contiguous": (3, 1), "transposed": (1, 2), "strided": (7, 2), "expanded": (0, 1), "overlapping": (1, 1)
    }  # fmt: skip
    assert y.stride() == strides[layout]


def test_elements_and_dtypes_may_be_strategies() -> None:
    dtypes = st.sampled_from([tinygrad_mlp.float32, np.float64])
    x = found(testing.arrays(dtypes, (2,), st.sampled_from([5.0, 7.0])), lambda x: x.dtype == np.float64)
    assert x.tolist() == [5.0, 5.0]
    t = found(testing.tensors(oracle.torch().float64, 3, requires_grad=True), lambda t: True)
    assert t.requires_grad and t.dtype == tinygrad_mlp.float64 and t.tolist() == [0.0, 0.0, 0.0]
    assert not found(testing.tensors("int64", (), requires_grad=True), lambda t: True).requires_grad


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"awkward": ["zeros"]}, "there are no awkward numbers 'zeros'; there are zero, tie, infinity, nan, "),
        ({"layouts": "permuted"}, "there is no layout 'permuted'; there are contiguous, transposed, "),
    ],
)
def test_unknown_words_are_refused(options: dict[str, Any], text: str) -> None:
    for strategy in (testing.arrays, testing.tensors, testing.mlps):
        with pytest.raises(ValueError, match=text):
            strategy(**options)
    with pytest.raises(ValueError, match=text):
        testing.operator_inputs("mul", **options)


# -- shapes ----------------------------------------------------------------------------------------


def test_shapes_shrink() -> None:
    assert found(testing.shapes(), lambda x: True) == ()
    assert found(testing.shapes(2, empty=False), lambda x: True) == (1, 1)
    assert found(testing.shapes(max_side=5), lambda x: 5 in x) == (5,)
    assert found(testing.shapes(2, min_side=2, empty=False), lambda x: True) == (2, 2)
    assert 0 in found(testing.shapes(), lambda x: 0 in x)


@given(testing.broadcastable(3), testing.broadcastable(2, 4, max_side=2, empty=False))
def test_broadcastable_shapes_have_the_shape_of_the_result(three: Any, two: Any) -> None:
    for example, n in ((three, 3), (two, 2)):
        assert len(example.input_shapes) == n
        assert np.broadcast_shapes(*example.input_shapes) == example.result_shape
    assert 0 not in two.result_shape and len(two.result_shape) <= 4 and max(two.result_shape, default=0) <= 2


def test_broadcastable_shapes_shrink() -> None:
    assert found(testing.broadcastable(2), lambda x: True).input_shapes == ((), ())
    x = found(testing.broadcastable(2, empty=False), lambda x: x.input_shapes[0] != x.input_shapes[1])
    assert sorted(x.input_shapes) == [(), (1,)]
    for summed in ((lambda a, b: len(a) < len(b)), (lambda a, b: len(a) == len(b) and 1 in a and 1 not in b)):
        found(testing.broadcastable(2, empty=False), lambda x, summed=summed: summed(*x.input_shapes))


# -- operators -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(TABLE))
@QUICK
@given(data=st.data())
def test_a_row_takes_its_inputs(name: str, data: Any) -> None:
    row = TABLE[name]
    args = data.draw(testing.operator_inputs(name, "float64", requires_grad=True, finite=True, empty=False))
    tensors = [x for i in row.tensors for x in (args[i] if row.listed and i == 0 else args[i : i + 1])]
    tensors = [x for x in tensors if isinstance(x, tinygrad_mlp.Tensor)]
    assert tensors and all(x.numel() for x in tensors)
    assert all(x.isfinite().all() for x in tensors if x.is_floating_point())
    result = oracle.outcome(FUNCTIONS[name], *args)
    if isinstance(result, Exception):  # which torch refuses, too, for the same reason
        oracle.assert_same_refusal(result, oracle.outcome(oracle.call_torch, row, theirs(row, args)), name)


def theirs(row: Any, args: Any) -> list[Any]:
    arrays = [
        [x.detach().numpy() if isinstance(x, tinygrad_mlp.Tensor) else x for x in arg] if isinstance(arg, list)
        else arg.detach().numpy() if isinstance(arg, tinygrad_mlp.Tensor) else arg
        for arg in args
    ]  # fmt: skip
    return oracle.leaves(row, arrays, lambda: False)[1]


def test_operator_inputs_shrink() -> None:
    x, y = found(testing.operator_inputs("mul"), lambda args: isinstance(args[1], tinygrad_mlp.Tensor))
    assert x.shape == y.shape == () and x.item() == y.item() == 0
    a, b = found(testing.operator_inputs("mm", empty=False), lambda args: True)
    assert a.tolist() == b.tolist() == [[0.0]]
    x, y = found(testing.operator_inputs("mul", tensors=False), lambda args: np.shape(args[0]) != np.shape(args[1]))
    assert isinstance(x, np.ndarray)


def test_the_name_of_no_row_is_refused_with_names_like_it() -> None:
    with pytest.raises(LookupError, match="the derivative table has no row 'sigmoyd'; did you mean sigmoid"):
        testing.operator_inputs("sigmoyd")
    assert found(testing.operator_inputs(TABLE["exp"]), lambda args: True)[0].tolist() == 0.0


# -- networks --------------------------------------------------------------------------------------


@given(testing.mlps(finite=True, awkward=False))
def test_networks_take_their_batches(mlp: Any) -> None:
    out = mlp.network(mlp.batch)
    assert len(out) == len(mlp.batch) and out.dtype == mlp.batch.dtype and out.isfinite().all()
    out.sum().backward()
    assert all(p.grad is not None for p in mlp.network.parameters())


def test_networks_shrink() -> None:
    network, batch = found(testing.mlps(empty=False), lambda x: True, 40)
    assert repr(network) == repr(tinygrad_mlp.nn.Sequential(tinygrad_mlp.nn.Linear(1, 1, bias=False)))
    assert [p.tolist() for p in network.parameters()] == [[[0.0]]] and batch.tolist() == [[0.0]]
    network, _ = found(testing.mlps(), lambda x: len(x.network) > 1)
    assert [type(layer).__name__ for layer in network] == ["Linear", "ReLU", "Linear"]
    batch = found(
        testing.mlps(), lambda x: x.batch.isnan().any()
    ).batch.flatten()  # the oldest hypothesis keeps its shape
    assert {str(x) for x in batch.tolist()} <= {"nan", "0.0", "1.0"}


def test_drawing_networks_leaves_the_stream_of_random_numbers() -> None:
    tinygrad_mlp.manual_seed(3)
    found(testing.mlps(), lambda x: len(x.network) > 2, 40)
    drawn = tinygrad_mlp.rand(1).item()
    tinygrad_mlp.manual_seed(3)
    assert drawn == tinygrad_mlp.rand(1).item()


@given(testing.training_runs())
def test_training_runs_train(run: Any) -> None:
    losses = run.losses()
    assert len(losses) == run.steps and all(loss == loss for loss in losses)


def test_training_runs_shrink_to_plain_descent() -> None:
    run = found(testing.training_runs(), lambda run: True, 40)
    assert type(run.optimizer).__name__ == "SGD" and run.steps == 1 and run.batch.tolist() == [[0.0]]
    run = found(testing.training_runs(), lambda run: type(run.optimizer).__name__ == "Adam" and run.steps > 1, 60)
    assert run.steps == 2 and run.loss.reduction == "mean" and len(run.network) == 1


def test_training_runs_hold_a_loss_of_classes() -> None:
    run = found(testing.training_runs(), lambda run: run.targets.dtype == tinygrad_mlp.int64, 60)
    assert run.targets.tolist() == [0] and isinstance(run.loss, tinygrad_mlp.nn.CrossEntropyLoss)
