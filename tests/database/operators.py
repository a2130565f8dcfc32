"""What an operator of torch's database lacks under tinygrad_mlp: values, gradients, forms, refusals."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal import common_utils
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo import core

import tinygrad_mlp

from .comparison import differences, first_words, is_tensor, of_gradients, same_refusal
from .scope import FIRST_ORDER, LEFT_OUT, OUT_LEFT_OUT, REFUSALS_LEFT_OUT
from .worlds import Untranslatable, exists, function, method, named, translated

Function = Callable[..., Any]
DTYPES = (torch.float64, torch.float32, torch.int64)
UNSET = {"empty", "empty_like", "new_empty", "new_empty_strided", "empty_strided"}  # whose elements nobody set
OF_EQUALS = {"kthvalue", "mode", "topk"}  # which of equal integers they take is up to how torch sorts
# So many samples of an entry, spread over all of them, run where fewer examples are asked for; else all of them run.
MOST = {"fewer": 3}.get(os.environ.get("HYPOTHESIS_PROFILE", ""))
# For every sample torch looks for the unittest that asks for it, and reads the source of all frames on the stack. Here
# there is none, and the search took most of the time.
common_utils.extract_test_fn = core.extract_test_fn = lambda: None  # type: ignore[assignment]
FEW = 3  # how many samples are enough where a form of a call is asked for, and not its numbers


def full_name(op: Any) -> str:
    """The name of an entry, with that of its variant."""
    return f"{op.name}/{op.variant_test_name}" if op.variant_test_name else op.name


OPERATORS = {full_name(op): op for op in op_db if full_name(op) not in LEFT_OUT and op.name not in LEFT_OUT}


def _ours(op: Any) -> Function:
    """The counterpart of torch's function of an entry."""
    if getattr(op.op, "__name__", "") == "<lambda>" or getattr(op.op, "__module__", "").startswith("torch.testing"):
        return function(op.op, tinygrad_mlp)
    if op.name.startswith("__"):
        return getattr(tinygrad_mlp.Tensor, op.op.__name__)
    return named(op.name, tinygrad_mlp)


class Call:
    """One sample of an entry, to be called under both frameworks."""

    def __init__(self, op: Any, sample: Any, dtype: torch.dtype) -> None:
        self.op = op
        self.sample = sample
        self.dtype = dtype

    def arguments(self, world: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        sample = self.sample
        return translated(sample.input, world), translated(sample.args, world), translated(sample.kwargs, world)

    def run(self, world: Any, call: Function, copied: bool = False, gradients: int = 0, wrapped: bool = False) -> Any:
        """The result of the call and its gradients, or what it raises."""
        first, args, kwargs = self.arguments(world)
        leaves = [x for x in _tensors((first, args, kwargs)) if x.requires_grad]
        try:
            world.manual_seed(0)
            if copied:
                first = first.clone()
            if wrapped and self.op.gradcheck_wrapper is not None:
                wrapper = function(self.op.gradcheck_wrapper, world)
                result = wrapper(call, first, *args, **kwargs)
            else:
                result = call(first, *args, **kwargs)
            result = function(self.sample.output_process_fn_grad, world)(result)
            return result, _gradients(world, result, leaves, gradients)
        except Exception as error:
            return error

    def compare(self, ours: Function, theirs: Function, **how: Any) -> list[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = self.run(torch, theirs, **how)
            found = self.run(tinygrad_mlp, ours, **how)
        if isinstance(expected, Exception):
            if isinstance(found, Exception):
                lines = [] if same_refusal(found, expected) else [f"{first_words(expected)}; not {first_words(found)}"]
            else:
                lines = [f"{first_words(expected)}; not refused"]
        elif isinstance(found, Exception):
            lines = [f"refused: {first_words(found)}"]
        else:
            results = (self.settled(result) for result in (found[0], expected[0]))
            lines = differences(*results) or (of_gradients(found[1], expected[1]) if found[1] or expected[1] else [])
        return [f"{line} ({self})" for line in lines]

    def settled(self, result: Any) -> Any:
        """What of a result does not depend on memory that is not set, or on the order of equal elements."""
        if self.op.name in UNSET:
            return [[str(x.dtype).split(".")[-1], tuple(x.shape), x.requires_grad] for x in _tensors(result)]
        if self.op.name in OF_EQUALS and self.dtype == torch.int64 and isinstance(result, tuple):
            return [result[0], tuple(result[1].shape), str(result[1].dtype).split(".")[-1]]
        return result

    def __str__(self) -> str:
        parts = [_shown(self.sample.input), *map(_shown, self.sample.args)]
        parts += [f"{key}={_shown(value)}" for key, value in self.sample.kwargs.items()]
        return f"{str(self.dtype).removeprefix('torch.')}: {', '.join(parts)}"


def _shown(x: Any) -> str:
    if is_tensor(x):
        return f"{str(x.dtype).removeprefix('torch.')}{list(x.shape)}"
    return f"[{', '.join(map(_shown, x))}]" if isinstance(x, (list, tuple)) else f"{x!r:.40}"


def _tensors(x: Any) -> list[Any]:
    if is_tensor(x):
        return [x]
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else ()
    return [found for part in parts for found in _tensors(part)]


def _weighted(world: Any, outputs: list[Any]) -> Any:
    """A sum of all elements of some tensors with weights that tell the elements apart."""
    total = 0
    for k, output in enumerate(outputs):
        weights = np.cos(np.arange(output.numel()) * (k + 1.0)).astype(str(output.dtype).split(".")[-1])
        total = total + (output * world.from_numpy(weights.reshape(tuple(output.shape)))).sum()
    return total


def _gradients(world: Any, result: Any, leaves: list[Any], order: int) -> list[Any]:
    """The gradients of a result, up to an order."""
    found: list[Any] = []
    for k in range(order):
        outputs = [x for x in _tensors(result) if x.requires_grad and x.is_floating_point()]
        if not outputs or not leaves:
            break
        total = _weighted(world, outputs)
        result = world.autograd.grad(total, leaves, create_graph=k + 1 < order, allow_unused=True)
        found.append(result)
    return found


def seeded() -> None:
    """Begin all streams of random numbers that torch's database draws from."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def spread(drawn: Iterable[Any]) -> list[Any]:
    """The samples that run, of all of an entry."""
    with warnings.catch_warnings():  # torch makes some of them by functions that it warns of, once in a process
        warnings.simplefilter("ignore")
        every = list(drawn)
    return every[:: -(-len(every) // MOST)] if MOST and every else every


def samples(op: Any, dtype: torch.dtype) -> Iterator[Call]:
    """The samples of an entry that the package can run."""
    if dtype not in op.supported_dtypes("cpu"):
        return
    seeded()
    wants = dtype.is_floating_point and op.supports_autograd
    for sample in spread(op.sample_inputs("cpu", dtype, requires_grad=wants)):
        call = Call(op, sample, dtype)
        try:
            call.arguments(tinygrad_mlp)
        except Untranslatable:
            continue
        yield call


def complaints(op: Any) -> Iterator[str]:
    """Everything in which an entry differs from torch."""
    try:
        ours = _ours(op)
    except AttributeError as error:
        yield f"name: {error}"
        return
    yield from _names(op)
    for dtype in DTYPES:
        for call in samples(op, dtype):
            yield from call.compare(ours, op.op, gradients=1 if dtype.is_floating_point else 0)
    if op.supports_autograd:
        order = 2 if op.supports_gradgrad and full_name(op) not in FIRST_ORDER else 1
        for call in samples(op, torch.float64):
            yield from call.compare(ours, op.op, gradients=order, wrapped=True)
    for form in ("method_variant", "inplace_variant", "operator_variant", "inplace_operator_variant"):
        yield from _form(op, form)
    if op.supports_out and full_name(op) not in OUT_LEFT_OUT:
        yield from _out(op, ours)
    yield from _refusals(op, ours)


def _names(op: Any) -> Iterator[str]:
    missing = [alias.name for alias in op.aliases if not exists(alias.name, tinygrad_mlp)]
    yield from (f"alias: {name} is missing" for name in missing)


def _form(op: Any, form: str) -> Iterator[str]:
    theirs = getattr(op, form, None)
    if theirs is None:
        return
    try:
        ours = theirs if "operator" in form else method(theirs, tinygrad_mlp)
    except AttributeError as error:
        yield f"{form}: {error}"
        return
    written = form.startswith("inplace")
    for dtype in DTYPES[::2]:
        for i, call in enumerate(samples(op, dtype)):
            if form == "method_variant" and i >= FEW:
                break
            if written and call.sample.broadcasts_input:
                continue
            order = 1 if written and op.supports_inplace_autograd and dtype.is_floating_point else 0
            for line in call.compare(ours, theirs, copied=written, gradients=order):
                yield f"{form}: {line}"


def _out(op: Any, ours: Function) -> Iterator[str]:
    """Differences of calls with `out=`: results of the right dtype and shape, others, and leaves."""
    for i, call in enumerate(samples(op, torch.float64)):
        if i >= FEW:
            return
        call.sample = call.sample.transform(lambda x: x.detach() if isinstance(x, torch.Tensor) else x)
        for kind in ("empty", "other shape", "other dtype", "leaf"):
            expected, found = _with_out(op.op, torch, kind), _with_out(ours, tinygrad_mlp, kind)
            if kind in ("other dtype", "leaf"):  # which of them torch takes, and what it raises, follows its kernels
                refused = [isinstance(call.run(w, f), Exception) for w, f in ((torch, expected), (tinygrad_mlp, found))]
                lines = ["not refused"] if refused == [True, False] else []
            else:
                lines = call.compare(found, expected)
            yield from (f"out ({kind}): {line}" for line in lines)


def _with_out(f: Function, world: Any, kind: str) -> Function:
    def written(x: Any) -> Any:
        if kind == "other shape":
            return world.empty((3, *x.shape) if x.numel() else x.shape, dtype=x.dtype)
        made = world.zeros(x.shape, dtype=world.int8 if kind == "other dtype" else x.dtype)
        return made.requires_grad_() if kind == "leaf" and made.is_floating_point() else made

    def call(*args: Any, **kwargs: Any) -> Any:
        result = f(*args, **kwargs)
        out = written(result) if is_tensor(result) else tuple(map(written, result))
        given = f(*args, **kwargs, out=out)
        same = given is out if is_tensor(out) else all(a is b for a, b in zip(given, out, strict=True))
        return [same, *([given] if is_tensor(given) else given)]

    return call


def _refusals(op: Any, ours: Function) -> Iterator[str]:
    if op.error_inputs_func is None or op.name in REFUSALS_LEFT_OUT:
        return
    seeded()
    for error in op.error_inputs("cpu"):
        call = Call(op, error.sample_input, torch.float64)
        try:
            call.arguments(tinygrad_mlp)
        except Untranslatable:
            continue
        yield from (f"refusal: {line}" for line in call.compare(ours, op.op))
