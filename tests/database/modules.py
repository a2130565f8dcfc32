"""What a module of torch's database lacks under tinygrad_mlp: outputs, gradients, state, printed text, refusals."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

import tinygrad_mlp
from tinygrad_mlp.absent.rows import is_only_a_name

from .comparison import differences, first_words, name, same_refusal
from .operators import FEW, _shown, _tensors, _weighted, seeded, spread
from .scope import MODULES_LEFT_OUT
from .worlds import Untranslatable, translated

MODULES = {info.name: info for info in module_db if info.name not in MODULES_LEFT_OUT}
DTYPES = (torch.float64, torch.float32)


def _class(info: Any, world: Any) -> Any:
    return getattr(world.nn, info.name.removeprefix("nn."))


class ModuleCall:
    """A sample of an entry: a module that is made in both frameworks, and the arguments that it is called with."""

    def __init__(self, info: Any, sample: Any, dtype: torch.dtype, training: bool) -> None:
        self.info, self.sample, self.dtype, self.training = info, sample, dtype, training

    def made(self, world: Any, cast: bool = True) -> Any:
        """The module, with the random numbers of one seed, cast to the dtype of the call."""
        given = self.sample.constructor_input
        world.manual_seed(0)
        module = _class(self.info, world)(*translated(given.args, world), **translated(given.kwargs, world))
        return (module.to(translated(self.dtype, world)) if cast else module).train(self.training)

    def run(self, world: Any, fill: bool) -> Any:
        """The output, the gradients, the state and the text of the module, or what it raises."""
        try:
            module = self.made(world)
            if fill:
                self._fill(module, world)
            given = self.sample.forward_input
            args, kwargs = translated(given.args, world), translated(given.kwargs, world)
            world.manual_seed(1)
            output = module(*args, **kwargs)
            leaves = [x for x in (*_tensors((args, kwargs)), *module.parameters()) if x.requires_grad]
            outputs = [x for x in _tensors(output) if x.requires_grad]
            if outputs and leaves:
                _weighted(world, outputs).backward()
            gradients = [x.grad for x in leaves]
            return output, gradients, dict(module.state_dict()), repr(module)
        except Exception as error:
            return error

    def _fill(self, module: Any, world: Any) -> None:
        """Give the module a state that is not its first one, the same in both frameworks."""
        for i, (key, value) in enumerate(module.state_dict().items()):
            if value.is_floating_point():
                numbers = np.cos(np.arange(value.numel()) + i).reshape(tuple(value.shape))
                numbers = np.abs(numbers) + 0.5 if "var" in key else numbers
                value.copy_(world.from_numpy(numbers).to(value.dtype))

    def compare(self, fills: tuple[bool, ...]) -> Iterator[str]:
        for fill in fills:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected, found = self.run(torch, fill), self.run(tinygrad_mlp, fill)
            yield from (f"{line} ({self})" for line in _lines(found, expected))

    def __str__(self) -> str:
        made, given = self.sample.constructor_input, self.sample.forward_input
        parts = [*map(_shown, made.args), *(f"{key}={_shown(value)}" for key, value in made.kwargs.items())]
        called = ", ".join(map(_shown, given.args)) if given is not None else ""
        mode = "training" if self.training else "evaluation"
        return f"{str(self.dtype).removeprefix('torch.')}, {mode}: ({', '.join(parts)})({called})"


def _lines(found: Any, expected: Any) -> list[str]:
    if isinstance(expected, Exception) or isinstance(found, Exception):
        if isinstance(expected, Exception) and isinstance(found, Exception):
            same = same_refusal(found, expected)
            return [] if same else [f"{first_words(expected)}; not {first_words(found)}"]
        return [f"refused: {first_words(found)}" if isinstance(found, Exception) else f"{expected!r:.120}; not refused"]
    lines = differences(found[0], expected[0]) or differences(found[1], expected[1], "gradients ")
    ours, theirs = found[2], expected[2]
    if list(ours) != list(theirs):
        lines.append(f"state_dict {list(theirs)}, not {list(ours)}")
    else:
        lines += [line for key in ours for line in differences(ours[key], theirs[key], f"state {key} ")]
    if name(found[3]) != name(expected[3]):
        lines.append(f"printed {expected[3]}, not {found[3]}")
    return lines


def _samples(info: Any, dtype: torch.dtype, training: bool) -> Iterator[ModuleCall]:
    seeded()
    drawn = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
    for sample in spread(drawn):
        call = ModuleCall(info, sample, dtype, training)
        try:
            given = sample.forward_input
            translated((given.args, given.kwargs), tinygrad_mlp)
        except Untranslatable:
            continue
        yield call


def module_complaints(info: Any) -> Iterator[str]:
    """Everything in which a module differs from torch's."""
    found = getattr(tinygrad_mlp.nn, info.name.removeprefix("nn."), None)
    if found is None or is_only_a_name(found):
        yield "missing"
        return
    for dtype in DTYPES:
        for training in (True, False) if info.train_and_eval_differ else (True,):
            for i, call in enumerate(_samples(info, dtype, training)):
                yield from call.compare((False, True) if i < FEW else (False,))
    if info.module_error_inputs_func is not None:
        yield from _refusals(info)


def _refusals(info: Any) -> Iterator[str]:
    seeded()
    errors = info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float64, requires_grad=False, training=True
    )  # fmt: skip
    for error in errors:
        sample = error.module_error_input
        call = ModuleCall(info, sample, torch.float64, True)
        made_only = error.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR
        try:
            if not made_only:
                translated((sample.forward_input.args, sample.forward_input.kwargs), tinygrad_mlp)
        except Untranslatable:
            continue
        found, expected = (_error(call, world, made_only) for world in (tinygrad_mlp, torch))
        if expected is None or found is None or not same_refusal(found, expected):
            yield f"refusal: {expected!r:.120}; not {found!r:.120} ({call})"


def _error(call: ModuleCall, world: Any, made_only: bool) -> Exception | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = call.made(world, cast=False)
            if not made_only:
                given = call.sample.forward_input
                module(*translated(given.args, world), **translated(given.kwargs, world))
        except Exception as error:
            return error
    return None
