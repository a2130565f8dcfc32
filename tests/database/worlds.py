"""What a sample of the database is under either framework: its tensors, dtypes and functions."""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable
from typing import Any

import torch

import tinygrad_mlp

Function = Callable[..., Any]


class Untranslatable(Exception):
    """A sample with something that the package leaves out: complex or sparse tensors, other devices."""


def tensor(x: torch.Tensor, world: Any) -> Any:
    """A tensor with the elements, strides and `requires_grad` of `x`, and memory of its own."""
    if x.is_sparse or x.layout != torch.strided or x.device.type != "cpu" or x.is_complex() or x.is_quantized:
        raise Untranslatable(f"{x.dtype} on {x.device}, {x.layout}")
    if not hasattr(tinygrad_mlp, str(x.dtype).removeprefix("torch.")):
        raise Untranslatable(str(x.dtype))
    if x.dtype == torch.bfloat16:
        raise Untranslatable("bfloat16")
    plain = x.detach().resolve_neg()
    memory = plain.as_strided((plain.untyped_storage().nbytes() // plain.element_size(),), (1,), 0).numpy().copy()
    if plain.ndim > 64:
        raise Untranslatable("NumPy has no more than 64 dimensions")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = world.from_numpy(memory)
    whole = whole.clone() if world is torch else whole  # memory of torch's own, which it resizes
    made = whole.as_strided(tuple(plain.shape), plain.stride(), plain.storage_offset()).detach()
    return made.requires_grad_(x.requires_grad)


def translated(x: Any, world: Any) -> Any:
    """A value of a sample under one framework."""
    if isinstance(x, torch.Tensor):
        return tensor(x, world)
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(translated(part, world) for part in x))
    if isinstance(x, (list, tuple)) and not isinstance(x, torch.Size):
        return type(x)(translated(part, world) for part in x)
    if isinstance(x, dict):
        return {key: translated(value, world) for key, value in x.items()}
    if isinstance(x, complex):
        raise Untranslatable("a complex number")
    if world is torch:
        return x
    if isinstance(x, (torch.dtype, torch.memory_format, torch.layout)):
        if not hasattr(world, str(x).removeprefix("torch.")):
            raise Untranslatable(str(x))
        return getattr(world, str(x).removeprefix("torch."))
    if isinstance(x, torch.Size):
        return world.Size(x)
    if isinstance(x, torch.device):
        return world.device(str(x))
    if isinstance(x, torch.Generator):
        return world.Generator().manual_seed(x.initial_seed())
    if callable(x):
        return function(x, world)
    return x


def named(path: str, world: Any) -> Any:
    """What a dotted name stands for under a framework; AttributeError where it does not."""
    found = world
    for part in path.split("."):
        found = getattr(found, part)
    return found


def exists(path: str, world: Any) -> bool:
    """Whether a dotted name stands for something under a framework."""
    try:
        named(path, world)
    except AttributeError:
        return False
    return True


def function(f: Function, world: Any) -> Function:
    """The same function under a framework: torch's own by its name, one of the database with its globals exchanged."""
    if world is torch:
        return f
    if isinstance(f, torch.nn.Module):
        return getattr(world.nn, type(f).__name__)()
    if isinstance(f, types.FunctionType) and not f.__module__.startswith("torch.testing"):
        return named(f"{f.__module__}.{f.__qualname__}".removeprefix("torch.").replace("_tensor.", ""), world)
    if isinstance(f, types.FunctionType):
        closure = f.__closure__ and tuple(
            types.CellType(_exchanged(cell.cell_contents, world)) for cell in f.__closure__
        )
        names = {"torch": world, "wrapper_set_seed": _with_seed(world)}
        made = types.FunctionType(f.__code__, {**f.__globals__, **names}, f.__name__, f.__defaults__, closure)
        made.__kwdefaults__ = f.__kwdefaults__
        return made
    return f


def _exchanged(content: Any, world: Any) -> Any:
    return function(content, world) if isinstance(content, types.FunctionType) else content


def _with_seed(world: Any) -> Function:
    def call(f: Function, *args: Any, **kwargs: Any) -> Any:
        world.manual_seed(42)
        return f(*args, **kwargs)

    return call


def method(f: Function | None, world: Any) -> Function | None:
    """A method of Tensor under a framework, given torch's."""
    if f is None or world is torch:
        return f
    if isinstance(f, functools.partial):
        return functools.partial(function(f.func, world), *f.args, **f.keywords)
    if isinstance(f, types.FunctionType) and f.__module__.startswith("torch.testing"):
        return function(f, world)
    return getattr(world.Tensor, f.__name__)
