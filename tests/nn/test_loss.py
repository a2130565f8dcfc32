"""Losses against torch's: values, gradients and second gradients over every option, and the refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.two_worlds import assert_alike, refusal
from tinygrad_mlp import testing

REDUCTIONS = ["mean", "sum", "none"]
RTOL = {"float32": 1e-5, "float64": 1e-12}
DTYPES = st.sampled_from(["float32", "float64"])
reductions = st.sampled_from(REDUCTIONS)
seeds = st.integers(0, 2**32 - 1)
shapes = testing.shapes(max_side=4)


def answer(torch, loss, *leaves, twice=True):
    """The loss, its gradients and, in float64, theirs."""
    wanted = [leaf for leaf in leaves if leaf.requires_grad]
    first = torch.autograd.grad(loss.sum(), wanted, create_graph=True)
    if not twice or leaves[0].dtype is torch.float32:
        return loss, first
    total = sum((g.sin().sum() for g in first), torch.zeros((), dtype=torch.float64))
    second = [None] * len(wanted)
    if total.requires_grad:
        second = torch.autograd.grad(total, wanted, allow_unused=True)
    # A gradient that does not depend on the input has a second one of 0, which only torch says.
    return loss, first, [x.detach() * 0 if g is None else g for g, x in zip(second, wanted, strict=True)]


def numbers(torch, shape, dtype, low=-2.0, high=2.0, needs=True):
    return (torch.rand(shape, dtype=getattr(torch, dtype)) * (high - low) + low).requires_grad_(needs)


# -- of two tensors of the same shape --------------------------------------------------------------


@given(
    name=st.sampled_from(["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"]),
    shape=shapes, dtype=DTYPES, reduction=reductions, seed=seeds, both=st.booleans(), ties=st.booleans(),
)  # fmt: skip
def test_distances(name, shape, dtype, reduction, seed, both, ties) -> None:
    """Ties included: an error of 0, and one of exactly the width of the parabola."""

    def run(torch):
        x, y = numbers(torch, shape, dtype), numbers(torch, shape, dtype, needs=False)
        if ties:
            x, y = x.detach().round().requires_grad_(), y.round()
        y.requires_grad_(both)
        return answer(torch, getattr(torch.nn, name)(reduction=reduction)(x, y), x, y, twice=not ties)

    assert_alike(run, seed=seed, scale=1.0, rtol=RTOL[dtype])


@given(
    name=st.sampled_from(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]),
    width=st.sampled_from([0.0, 0.25, 2.0]), weighted=st.booleans(), reduction=reductions, seed=seeds,
)  # fmt: skip
def test_their_options(name, width, weighted, reduction, seed) -> None:
    def run(torch):
        x, y = numbers(torch, (3, 4), "float64"), numbers(torch, (3, 4), "float64", needs=False)
        options = {"reduction": reduction}
        if weighted and name != "smooth_l1_loss":
            options["weight"] = numbers(torch, (3, 4), "float64", 0.0, 1.0, needs=False)
        if name in ("smooth_l1_loss", "huber_loss"):
            options["beta" if name == "smooth_l1_loss" else "delta"] = width
        return answer(torch, getattr(torch.nn.functional, name)(x, y, **options), x)

    assert_alike(run, seed=seed, scale=1.0, rtol=RTOL["float64"])


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize("shapes", [((4, 1), (4,)), ((3,), ()), ((2, 1, 3), (4, 1))])
def test_a_target_of_another_size_warns(name, shapes) -> None:
    def run(torch):
        x, y = (torch.rand(shape, requires_grad=True) for shape in shapes)
        return answer(torch, getattr(torch.nn.functional, name)(x, y), x, y)

    assert_alike(run, rtol=1e-5)


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, f: f.mse_loss(torch.ones(2), torch.ones(2), reduction="foo"),
        lambda torch, f: f.l1_loss(torch.ones(2), torch.ones(2), reduction="foo"),
        lambda torch, f: torch.nn.HuberLoss(reduction="foo")(torch.ones(2), torch.ones(2)),
        lambda torch, f: f.mse_loss(torch.ones(2), torch.ones(2), weight=torch.ones(3)),
        lambda torch, f: f.mse_loss(torch.ones(2), torch.ones(2), weight=torch.ones(2), reduction="foo"),
        lambda torch, f: f.smooth_l1_loss(torch.ones(2), torch.ones(2), beta=-1.0),
        lambda torch, f: f.huber_loss(torch.ones(2), torch.ones(2), delta=0.0),
        lambda torch, f: f.mse_loss(torch.ones(2), torch.ones(3)),
    ],
)
def test_refused_distances(program) -> None:
    refusal(lambda torch: program(torch, torch.nn.functional), words=6)


@pytest.mark.parametrize(
    "arguments", [(None, None), (False, None), (True, None), (None, False), (False, True), (True, False), (None, True)]
)
@pytest.mark.parametrize("name", ["MSELoss", "CrossEntropyLoss"])
def test_the_older_form_of_reductions(name, arguments) -> None:
    """`size_average=False`, as tutorials of 2017 have it: the same warning, the same reduction."""

    def run(torch):
        size_average, reduce = arguments
        loss = getattr(torch.nn, name)(size_average=size_average, reduce=reduce)
        x = torch.rand(3, 2)
        function = getattr(torch.nn.functional, "mse_loss" if name == "MSELoss" else "cross_entropy")
        again = function(x, x * 0.5, size_average=size_average, reduce=reduce)
        return loss.reduction, loss(x, x * 0.5), again, repr(loss)

    assert_alike(run, rtol=1e-6)


@pytest.mark.parametrize("options", [{"size_average": False}, {"reduce": False}, {"reduction": "foo"}])
@pytest.mark.parametrize(
    "name",
    [
        "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
        "binary_cross_entropy_with_logits", "kl_div", "nll_loss", "cross_entropy",
    ],
)  # fmt: skip
def test_every_loss_takes_the_same_reductions(name, options) -> None:
    def run(torch):
        x = torch.rand(3, 2)
        target = torch.tensor([0, 1, 1]) if name == "nll_loss" else x * 0.5
        return getattr(torch.nn.functional, name)(x, target, **options)

    assert_alike(run, rtol=1e-6)


# -- of probabilities ------------------------------------------------------------------------------


@given(
    shape=shapes, dtype=DTYPES, reduction=reductions, seed=seeds, weighted=st.booleans(), both=st.booleans(),
    ends=st.booleans(),
)  # fmt: skip
def test_binary_cross_entropy(shape, dtype, reduction, seed, weighted, both, ends) -> None:
    """Probabilities of exactly 0 and 1 included, where the logarithm ends at -100."""

    def run(torch):
        x = numbers(torch, shape, dtype, 0.01, 0.99)
        y = numbers(torch, shape, dtype, 0.0, 1.0, needs=False)
        if ends:
            x = x.detach().round().requires_grad_()
        weight = numbers(torch, shape[-1:], dtype, 0.0, 2.0, needs=False) if weighted else None
        loss = torch.nn.BCELoss(weight, reduction=reduction)
        # Torch's gradient of the target is that of logarithms without an end, infinite where the loss is not.
        return answer(torch, loss(x, y.requires_grad_(both and not ends)), x, y, twice=not ends), repr(loss)

    # Torch's slope at the ends is one over the float32 nearest to 1e-12, which is also added in its second gradient.
    assert_alike(run, seed=seed, scale=1.0, rtol=max(RTOL[dtype], 1e-8))


@given(shape=shapes, dtype=DTYPES, reduction=reductions, seed=seeds, weight=st.booleans(), pos_weight=st.booleans())
def test_binary_cross_entropy_with_logits(shape, dtype, reduction, seed, weight, pos_weight) -> None:
    def run(torch):
        x = numbers(torch, shape, dtype, -40.0, 40.0)
        y = numbers(torch, shape, dtype, 0.0, 1.0, needs=False)
        weights = [
            numbers(torch, shape[-1:], dtype, 0.0, 2.0, needs=False) if wanted else None
            for wanted in (weight, pos_weight)
        ]
        loss = torch.nn.BCEWithLogitsLoss(weights[0], reduction=reduction, pos_weight=weights[1])
        return answer(torch, loss(x, y), x), list(loss.state_dict()), repr(loss)

    assert_alike(run, seed=seed, scale=1.0, rtol=RTOL[dtype])


@given(
    shape=shapes, dtype=DTYPES, reduction=st.sampled_from([*REDUCTIONS, "batchmean"]), seed=seeds,
    log_target=st.booleans(), zeros=st.booleans(),
)  # fmt: skip
def test_kl_divergence(shape, dtype, reduction, seed, log_target, zeros) -> None:
    """A target of 0 gives 0; "mean" warns."""

    def run(torch):
        x = numbers(torch, shape, dtype)
        y = numbers(torch, shape, dtype, 0.0, 1.0, needs=False)
        if zeros:
            y = y.round()
        return answer(torch, torch.nn.KLDivLoss(reduction=reduction, log_target=log_target)(x, y), x)

    if reduction != "batchmean" or all(shape):
        assert_alike(run, seed=seed, scale=1.0, rtol=RTOL[dtype])


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, f: f.binary_cross_entropy(torch.tensor([2.0]), torch.ones(1)),
        lambda torch, f: f.binary_cross_entropy(torch.tensor([float("nan")]), torch.ones(1)),
        lambda torch, f: f.binary_cross_entropy(torch.ones(1), torch.tensor([-0.5])),
        lambda torch, f: f.binary_cross_entropy(torch.ones(1), torch.ones(2)),
        lambda torch, f: f.binary_cross_entropy(torch.ones(1), torch.ones(1, dtype=torch.int64)),
        lambda torch, f: f.binary_cross_entropy(torch.ones(1), torch.ones(1, dtype=torch.float64)),
        lambda torch, f: f.binary_cross_entropy_with_logits(torch.ones(2), torch.ones(3)),
        lambda torch, f: f.binary_cross_entropy_with_logits(torch.ones(2, 1), torch.ones(2)),
        lambda torch, f: f.binary_cross_entropy_with_logits(torch.ones(2), torch.ones(2), reduction="foo"),
        lambda torch, f: f.kl_div(torch.ones(2), torch.ones(2), reduction="foo"),
    ],
)
def test_refused_probabilities(program) -> None:
    refusal(lambda torch: program(torch, torch.nn.functional))


# -- of classes ------------------------------------------------------------------------------------

inner = st.lists(st.integers(1, 3), max_size=3)


@given(
    name=st.sampled_from(["CrossEntropyLoss", "NLLLoss"]), n=st.integers(0, 4), classes=st.integers(1, 5), inner=inner,
    single=st.booleans(), dtype=DTYPES, reduction=reductions, weighted=st.booleans(),
    ignore_index=st.sampled_from([-100, 0, 1, 4]), smoothing=st.sampled_from([0.0, 0.1, 1.0, -0.1]), byte=st.booleans(),
    seed=seeds,
)  # fmt: skip
@example("CrossEntropyLoss", 3, 1, [], False, "float64", "mean", True, 0, 0.1, False, 0)  # all are ignored: nan
@example("NLLLoss", 0, 3, [], False, "float32", "mean", False, -100, 0.0, False, 0)  # no sample: nan
@example("CrossEntropyLoss", 2, 3, [2, 2], False, "float32", "none", True, 1, 0.1, False, 0)
def test_classes(
    name, n, classes, inner, single, dtype, reduction, weighted, ignore_index, smoothing, byte, seed
) -> None:  # fmt: skip
    def run(torch):
        shape, wanted = ((classes,), ()) if single else ((n, classes, *inner), (n, *inner))
        x = numbers(torch, shape, dtype, -5.0, 5.0)
        target = torch.randint(0, classes, wanted)
        target = target.to(torch.uint8) if byte and smoothing <= 0 and len(wanted) < 2 else target
        options = {"weight": numbers(torch, (classes,), dtype, 0.1, 1.0, needs=False)} if weighted else {}
        if name == "CrossEntropyLoss":
            options["label_smoothing"] = smoothing
        criterion = getattr(torch.nn, name)(ignore_index=ignore_index, reduction=reduction, **options)
        return answer(torch, criterion(x, target), x), list(criterion.state_dict()), repr(criterion)

    if name == "CrossEntropyLoss" and classes == 1 and single:
        return  # a target of shape () is one of the same shape as no input; nothing is left to compare
    assert_alike(run, seed=seed, scale=1.0, rtol=RTOL[dtype])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("ignored", [1, -100])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2)])
def test_smoothing_of_weighted_classes_of_which_some_are_ignored(shape, ignored, reduction) -> None:
    def run(torch):
        x = torch.rand(shape, requires_grad=True)
        target = torch.tensor([0, ignored, 2, ignored]).reshape(shape[0], *shape[2:])
        options = {"weight": torch.tensor([0.5, 2.0, 3.0]), "ignore_index": ignored, "label_smoothing": 0.25}
        return answer(torch, torch.nn.functional.cross_entropy(x, target, reduction=reduction, **options), x)

    assert_alike(run, rtol=1e-5)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_the_target_of_one_sample_may_have_a_dimension(name, reduction) -> None:
    """The result has none, though; torch refuses its gradient."""

    def run(torch):
        return getattr(torch.nn.functional, name)(torch.rand(3), torch.tensor([1]), reduction=reduction)

    assert_alike(run, rtol=1e-6)


@given(
    n=st.integers(0, 4), classes=st.integers(1, 5), inner=inner, single=st.booleans(), dtype=DTYPES,
    reduction=reductions, weighted=st.booleans(), smoothing=st.sampled_from([0.0, 0.1, 1.0, -0.1]),
    both=st.booleans(), seed=seeds,
)  # fmt: skip
def test_class_probabilities(n, classes, inner, single, dtype, reduction, weighted, smoothing, both, seed) -> None:
    def run(torch):
        shape = (classes,) if single else (n, classes, *inner)
        x = numbers(torch, shape, dtype, -5.0, 5.0)
        target = torch.softmax(numbers(torch, shape, dtype, needs=False), 0 if single else 1).requires_grad_(both)
        weight = numbers(torch, (classes,), dtype, 0.1, 1.0, needs=False) if weighted else None
        criterion = torch.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing)
        return answer(torch, criterion(x, target), x, target)

    assert_alike(run, seed=seed, scale=1.0, rtol=RTOL[dtype])


def test_probabilities_of_no_class() -> None:
    assert_alike(lambda torch: torch.nn.functional.cross_entropy(torch.ones(2, 0), torch.ones(2, 0)))


CLASS_REFUSALS = [
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1.0, 2.0])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2], dtype=torch.int32)),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([True, False])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2, 0])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([[1, 2], [1, 2]])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([[1], [2]])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 3])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, -1])),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2]), weight=torch.ones(2)),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2]), weight=torch.ones(3, 1)),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2]), weight=torch.ones(3).double()),
    lambda torch, loss: loss(torch.ones(()), torch.tensor([1])),
    lambda torch, loss: loss(torch.ones(3), torch.tensor([1, 2])),
    lambda torch, loss: loss(torch.ones(2, 3, 4), torch.ones(2, 5, dtype=torch.int64)),
    lambda torch, loss: loss(torch.ones(2, 3, 4, 5), torch.ones(2, 4, 4, dtype=torch.int64)),
    lambda torch, loss: loss(torch.ones(2, 3, 4, 5), torch.ones(3, 4, 5, dtype=torch.int64)),
    lambda torch, loss: loss(torch.ones(2, 3, 4, 5, 6), torch.ones(2, 4, 5, 5, dtype=torch.int64)),
    lambda torch, loss: loss(torch.ones(2, 3, 4), torch.ones(2, dtype=torch.int64)),
    lambda torch, loss: loss(torch.ones(2, 3, 4), torch.full((2, 4), 3)),
    lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2]), reduction="foo"),
    lambda torch, loss: loss(torch.ones(2, 3), [1, 2]),
]


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("program", CLASS_REFUSALS)
def test_refused_classes(program, name) -> None:
    refusal(lambda torch: program(torch, getattr(torch.nn.functional, name)))


@pytest.mark.parametrize(
    "program",
    [
        lambda torch, loss: loss(torch.ones(2, 3), torch.ones(2, 3, dtype=torch.int64)),
        lambda torch, loss: loss(torch.ones(2, 3), torch.ones(2, 3), ignore_index=0),
        lambda torch, loss: loss(torch.ones(2, 3), torch.ones(3, 3)),
        lambda torch, loss: loss(torch.ones(2, 3), torch.ones(2, 3), weight=torch.ones(2)),
        lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 2]), label_smoothing=1.5),
        lambda torch, loss: loss(torch.ones(2, 3), torch.ones(2, 3), label_smoothing=1.1),
        lambda torch, loss: loss(torch.ones(2, 3), torch.tensor([1, 5]), label_smoothing=0.5),
    ],
)
def test_refused_probabilities_of_classes(program) -> None:
    refusal(lambda torch: program(torch, torch.nn.functional.cross_entropy))


def test_the_gradient_of_cross_entropy_is_the_error_of_the_probabilities() -> None:
    def run(torch):
        x = torch.rand(4, 3, requires_grad=True)
        loss = torch.nn.functional.cross_entropy(x, torch.tensor([0, 1, 2, 1]))
        loss.backward()
        return repr(loss)[-30:], x.grad, torch.softmax(x, 1).detach()

    _, gradient, probabilities = assert_alike(run, rtol=1e-5)
    np.testing.assert_allclose(gradient, (probabilities.numpy() - np.eye(3)[[0, 1, 2, 1]]) / 4, rtol=1e-5, atol=1e-6)


# -- seen from outside -----------------------------------------------------------------------------


def _names(node):
    return node and [node.name().rpartition(":")[2], *(_names(edge) for edge, _ in node.next_functions)]


@pytest.mark.parametrize(
    "program",
    [
        lambda f, x, y, w: f.smooth_l1_loss(x, y),
        lambda f, x, y, w: f.smooth_l1_loss(x, y, beta=0.0),
        lambda f, x, y, w: f.huber_loss(x, y),
        lambda f, x, y, w: f.huber_loss(x, y, weight=w, reduction="sum"),
        lambda f, x, y, w: f.mse_loss(x, y),
        lambda f, x, y, w: f.mse_loss(x, y[0]),
        lambda f, x, y, w: f.mse_loss(x, y, weight=w),
        lambda f, x, y, w: f.l1_loss(x, y, weight=w),
        lambda f, x, y, w: f.binary_cross_entropy(x, y),
        lambda f, x, y, w: f.binary_cross_entropy(x, y, weight=w),
        lambda f, x, y, w: f.binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=w),
        lambda f, x, y, w: f.kl_div(x, y, reduction="sum"),
        lambda f, x, y, w: f.kl_div(x, y, reduction="sum", log_target=True),
        lambda f, x, y, w: f.cross_entropy(x, y, reduction="sum"),
        lambda f, x, y, w: f.cross_entropy(x, y.argmax(1), weight=w[0]),
    ],
)
def test_the_nodes_of_a_loss(program) -> None:
    """What a picture of the tape shows, and what is written into the loss' repr."""

    def run(torch):
        x, y, w = (torch.rand(3, 4, requires_grad=needs) for needs in (True, True, False))
        return _names(program(torch.nn.functional, x, y, w).grad_fn)

    assert_alike(run)


def test_what_a_loss_has_saved() -> None:
    def run(torch):
        x, y = torch.rand(3, 4, requires_grad=True), torch.rand(3, 4)
        f = torch.nn.functional
        nodes = [f.mse_loss(x, y).grad_fn, f.smooth_l1_loss(x, y, reduction="sum", beta=0.5).grad_fn]
        nodes.append(f.huber_loss(x, y, reduction="none", delta=0.5).grad_fn)
        return [node._saved_reduction for node in nodes], nodes[1]._saved_beta, nodes[2]._saved_delta

    assert_alike(run)


def test_the_gradient_of_a_weight_of_classes() -> None:
    """Of class probabilities torch differentiates by the weight too."""

    def run(torch):
        x, y, w = (torch.rand(shape, requires_grad=True) for shape in ((2, 3), (2, 3), (3,)))
        torch.nn.functional.cross_entropy(x, y, weight=w).backward()
        return x.grad, y.grad, w.grad

    assert_alike(run, rtol=1e-5)


@pytest.mark.parametrize(
    "program",
    [
        lambda f, x, w: f.nll_loss(x, x.argmax(1), weight=w),
        lambda f, x, w: f.cross_entropy(x, x.argmax(1), weight=w, label_smoothing=0.1),
        lambda f, x, w: f.cross_entropy(x[..., None], x.argmax(1)[:, None], weight=w),
        lambda f, x, w: f.binary_cross_entropy(x, x, weight=w),
        lambda f, x, w: f.binary_cross_entropy_with_logits(x, x, weight=w),
        lambda f, x, w: f.binary_cross_entropy_with_logits(x, x, pos_weight=w),
    ],
)
def test_a_weight_that_requires_grad_is_refused(program) -> None:
    """Rather than left without a gradient; without grad it is taken."""

    def run(torch):
        return program(torch.nn.functional, torch.rand(2, 3), torch.rand(3, requires_grad=True))

    def run_without_grad(torch):
        with torch.no_grad():
            return run(torch)

    refusal(run, words=11)
    assert_alike(run_without_grad, rtol=1e-5)


@pytest.mark.parametrize(
    "program",
    [
        lambda f, x: f.binary_cross_entropy(x, x, weight=x[None]),
        lambda f, x: f.binary_cross_entropy_with_logits(x, x, weight=x[None]),
        lambda f, x: f.binary_cross_entropy_with_logits(x, x, pos_weight=x[None]),
        lambda f, x: f.binary_cross_entropy_with_logits(x, (x > 0.5).long()),
        lambda f, x: f.huber_loss((x > 0.5).long(), x),
        lambda f, x: f.kl_div(x, (x > 0.5).long()),
        lambda f, x: f.kl_div((x > 0.5).long(), x),
        lambda f, x: f.mse_loss(x, x[:, :2]),
    ],
)
def test_refused_shapes_and_dtypes(program) -> None:
    refusal(lambda torch: program(torch.nn.functional, torch.rand(2, 3)), words=8)
