"""What checkpoint says where the second computation is another, with and without debug, and what it refuses."""

from __future__ import annotations

import contextlib

import pytest
import torch as their_torch

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal


def _leaf(torch):
    return torch.linspace(0.1, 0.3, 3).requires_grad_()


def _checkpoint(torch, function, *args, **options):
    return torch.utils.checkpoint.checkpoint(function, *args, use_reentrant=False, **options)


def _alternating(first, second):
    """A function that computes something else in every second call."""
    calls = []

    def function(x):
        calls.append(1)
        return (first if len(calls) % 2 else second)(x)

    return function


MISMATCHES = {
    "fewer": (lambda x: x.exp().sin(), lambda x: x.exp(), {}),
    "more": (lambda x: x.exp(), lambda x: x.exp().sin(), {"early_stop": False}),
    "another shape": (lambda x: x.exp().sin(), lambda x: x[:2].exp().sin(), {}),
    "another dtype": (lambda x: x.exp().sin(), lambda x: x.double().exp().sin(), {}),
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_mismatch(name):
    first, second, options = MISMATCHES[name]

    def program(torch):
        y = _checkpoint(torch, _alternating(first, second), _leaf(torch), **options)
        try:
            y.sum().backward()
        except torch.utils.checkpoint.CheckpointError as error:
            return str(error).partition("\n\n")[0]  # then torch has more tips, of its compiler

    assert isinstance(assert_alike(program), str)


# Torch's own debug mode does not run under pytest, whose logging it meets: its words are taken from where they stand.


@pytest.mark.parametrize("how", ["argument", "block"])
@pytest.mark.parametrize("name", MISMATCHES)
def test_a_mismatch_with_debug(name, how):
    first, second, options = MISMATCHES[name]
    torch = tinygrad_mlp
    with torch.utils.checkpoint.set_checkpoint_debug_enabled(True if how == "block" else None):
        y = _checkpoint(torch, _alternating(first, second), _leaf(torch), debug=how == "argument", **options)
    with pytest.raises(torch.utils.checkpoint.CheckpointError) as caught:
        y.sum().backward()
    assert isinstance(caught.value.__cause__, torch.utils.checkpoint.CheckpointError)
    assert (
        str(caught.value).splitlines()[:2] == their_torch.utils.checkpoint._checkpoint_error_template.splitlines()[:2]
    )


@pytest.mark.parametrize(
    ("second", "again"),
    [
        (lambda x: x.exp() * 2, ["ExpBackward0: torch.float32[3]", "MulBackward0: torch.float32[3]"]),
        (lambda x: x[:2].exp().sin().cos(), [f"{n}Backward0: torch.float32[2]" for n in ("Slice", "Exp", "Sin")]),
    ],
    ids=["fewer", "another shape, stopped early"],
)  # fmt: skip
def test_debug_names_the_operators_of_both_computations(second, again):
    torch = tinygrad_mlp
    y = _checkpoint(torch, _alternating(lambda x: x.exp().sin(), second), _leaf(torch), debug=True)
    with pytest.raises(torch.utils.checkpoint.CheckpointError) as caught:
        y.sum().backward()
    text = str(caught.value)
    operators = text.partition("Operations executed during the original forward:")[2]
    assert [line for line in operators.splitlines() if line] == [
        "ExpBackward0: torch.float32[3]",
        "SinBackward0: torch.float32[3]",
        "Operations executed during recomputation:",
        *again,
    ]
    assert "SinBackward0: torch.float32[3]   (2 of 2 in original)" in text
    assert f"{again[1]}   (2 of {len(again)} in recompute)" in text
    assert text.count(f"{__file__}:") >= 4


def test_debug_changes_nothing_else():
    def program(torch):
        x, log = _leaf(torch), []

        def block(x):
            log.append(torch.is_grad_enabled())
            return x.exp().sin()

        with torch.utils.checkpoint.set_checkpoint_debug_enabled(torch is tinygrad_mlp):
            y = _checkpoint(torch, block, x)
            with torch.no_grad():
                log.append(_checkpoint(torch, block, x).requires_grad)
        y.sum().backward()
        return x.grad, log

    assert_alike(program, rtol=1e-6)


@pytest.mark.parametrize(("enabled", "debug"), [(True, False), (False, True), (None, True), (None, False)])
def test_debug_and_contexts_of_ones_own(enabled, debug):
    def program(torch):
        contexts = lambda: (contextlib.nullcontext(), contextlib.nullcontext())  # noqa: E731
        with torch.utils.checkpoint.set_checkpoint_debug_enabled(enabled):
            return _checkpoint(torch, torch.exp, _leaf(torch), context_fn=contexts, debug=debug)

    assert_alike(program, rtol=1e-6)


def no_contexts(torch):
    checkpoint = torch.utils.checkpoint
    return [
        checkpoint.checkpoint(torch.exp, _leaf(torch), use_reentrant=mode, context_fn=checkpoint.noop_context_fn)
        for mode in (True, False)
    ]


def the_check_is_turned_off(torch):
    x = _leaf(torch)
    function = _alternating(lambda x: x.exp().sin(), lambda x: x.double().exp().sin())
    _checkpoint(torch, function, x, determinism_check="none").sum().backward()
    return x.grad


def an_argument_is_saved_through_the_hooks_around(torch):
    x, log = _leaf(torch), []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (log.append("pack"), t)[1], lambda t: t * 2):
        y = _checkpoint(torch, lambda x: x.exp().sin(), x)
    y.sum().backward()
    return x.grad, log


def variables(torch):
    checkpoint = torch.utils.checkpoint
    x = _leaf(torch)
    twins = checkpoint.detach_variable((x, x * 2, torch.arange(2), 5))
    checkpoint.check_backward_validity([torch.ones(2), 5])
    checkpoint.check_backward_validity([x])
    return twins, [twin.is_leaf for twin in twins[:3]], twins[0] is x


@pytest.mark.parametrize(
    "program", [no_contexts, the_check_is_turned_off, an_argument_is_saved_through_the_hooks_around, variables],
    ids=lambda p: p.__name__,
)  # fmt: skip
def test_same_as_torch(program):
    assert_alike(program, rtol=1e-6)


def an_argument_is_changed(torch):
    x = _leaf(torch) * 1
    y = _checkpoint(torch, lambda x: x.exp().sin(), x)
    x.mul_(2)
    y.sum().backward()


def the_context_swallows_an_error(torch):
    contexts = lambda: (contextlib.suppress(ZeroDivisionError), contextlib.nullcontext())  # noqa: E731
    _checkpoint(torch, lambda x: 1 / 0, _leaf(torch), context_fn=contexts)


def more_segments_than_functions(torch):
    torch.utils.checkpoint.checkpoint_sequential([torch.exp, torch.sin], 3, _leaf(torch), use_reentrant=False)


def variables_in_a_list(torch):
    torch.utils.checkpoint.detach_variable([_leaf(torch)])


@pytest.mark.parametrize(
    "program",
    [an_argument_is_changed, the_context_swallows_an_error, more_segments_than_functions, variables_in_a_list],
    ids=lambda p: p.__name__,
)
def test_refused_as_torch_refuses(program):
    refusal(program)
