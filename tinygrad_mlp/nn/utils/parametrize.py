"""Parametrizations: a parameter of a module that is computed from others whenever it is asked for.

A module that has one gets a class of its own, made from the class that it had, with a property in the place of the
parameter. Behaviour is that of torch.nn.utils.parametrize.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any

from ...autograd import no_grad
from ...tensor import Tensor
from ..modules import Module, ModuleDict, ModuleList
from ..parameter import Parameter
from .refusals import (
    ASSIGNED_DTYPE,
    ASSIGNED_LENGTH,
    ASSIGNED_PART,
    ASSIGNED_PART_DTYPE,
    ASSIGNED_SEQUENCE,
    ASSIGNED_TYPE,
    ATTRIBUTE_EXISTS,
    CHANGES,
    CHANGES_AGAIN,
    INVERSE_CHANGES,
    INVERSE_DTYPE,
    INVERSE_NO_TENSOR,
    INVERSE_PART,
    INVERSE_TYPE,
    NO_INVERSE,
    NO_PARAMETRIZATION,
    NO_PICKLE,
    NO_TENSOR,
    NOT_PARAMETRIZED,
    NOTHING_TO_PARAMETRIZE,
    SEVERAL_ORIGINALS,
)

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip


class _Cache:
    """The values that `cached` keeps, by module and name, and how many such blocks have been entered."""

    def __init__(self) -> None:
        self.blocks = 0
        self.values: dict[tuple[int, str], Any] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor only once inside a `with` block (torch.nn.utils.parametrize.cached)."""
    _cache.blocks += 1
    try:
        yield
    finally:
        _cache.blocks -= 1
        if not _cache.blocks:
            _cache.values = {}


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order in which they are applied, and the tensors they start from.

    These are named `original`, or `original0`, `original1` and so on where the first parametrization takes several,
    which is so where its `right_inverse` returns a sequence. It is made by `register_parametrization`. Source:
    torch.nn.utils.parametrize.ParametrizationList.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError(NO_PARAMETRIZATION)
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        start = self._inverted(original)
        self.is_tensor = isinstance(start, Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            self._start_from(original, start)
        else:
            self._start_from_several(original, start)
        if not unsafe:
            _check_tensor(self(), ("shape", "dtype"), {"shape": shape, "dtype": dtype}, NO_TENSOR, CHANGES)

    def _inverted(self, original: Tensor) -> Any:
        """What the originals have to be so that the parametrized tensor is `original`, as far as inverses exist."""
        start: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):  # it may be registered, though nothing can be assigned to it
                        start = module.right_inverse(start)
        if not isinstance(start, (Tensor, Sequence)):
            raise ValueError(INVERSE_TYPE.format(found=type(start).__name__))
        return start

    def _start_from(self, original: Tensor, start: Tensor) -> None:
        if original.dtype != start.dtype:
            raise ValueError(INVERSE_DTYPE.format(expected=original.dtype, found=start.dtype))
        original.data = start
        _register(self, "original", original)

    def _start_from_several(self, original: Tensor, start: Sequence[Any]) -> None:
        for i, part in enumerate(start):
            if not isinstance(part, Tensor):
                raise ValueError(INVERSE_PART.format(i=i, found=type(part).__name__))
            if isinstance(original, Parameter):
                part = Parameter(part, original.requires_grad)
            part.requires_grad_(original.requires_grad)
            _register(self, f"original{i}", part)

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes `value`: what an assignment to it does.

        RuntimeError where a parametrization has no `right_inverse`, ValueError where one gives something that does not
        fit the originals.
        """
        with no_grad():
            parts: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(NO_INVERSE.format(type=type(module).__name__))
                parts = module.right_inverse(parts)
            if self.is_tensor:
                self._assign(parts)
            else:
                self._assign_several(parts)

    def _assign(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError(ASSIGNED_TYPE.format(found=type(value).__name__))
        if value.dtype != self.original.dtype:
            raise ValueError(ASSIGNED_DTYPE.format(found=value.dtype, expected=self.original.dtype))
        self.original.data = value

    def _assign_several(self, values: Any) -> None:
        if not isinstance(values, Sequence):
            raise ValueError(ASSIGNED_SEQUENCE.format(found=type(values).__name__))
        if len(values) != self.ntensors:
            raise ValueError(ASSIGNED_LENGTH.format(found=len(values), expected=self.ntensors))
        for i, value in enumerate(values):
            original = getattr(self, f"original{i}")
            if not isinstance(value, Tensor):
                raise ValueError(ASSIGNED_PART.format(i=i, found=type(value).__name__))
            if value.dtype != original.dtype:
                raise ValueError(ASSIGNED_PART_DTYPE.format(i=i, found=value.dtype, expected=original.dtype))
            original.data = value

    def forward(self) -> Any:
        """Return the parametrized tensor."""
        first, *others = self
        names = ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]
        x = first(*(getattr(self, name) for name in names))
        for module in others:
            x = module(x)
        return x


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Have a parameter or buffer of a module computed by `parametrization` whenever it is asked for.

    `module.weight` is then `parametrization(module.parametrizations.weight.original)`, through which gradients flow
    to the original. Several may be registered one after the other. If the parametrization has a `right_inverse`, the
    original is what that returns for the tensor, and an assignment to `module.weight` goes through it; if it returns
    several tensors, the parametrization takes several.

    Returns the module. ValueError for a name of no parameter or buffer, and, unless `unsafe`, for a parametrization
    that changes the shape or the dtype. Source: torch.nn.utils.parametrize.register_parametrization.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        listed = module.parametrizations[tensor_name]
        listed.append(parametrization)
        listed.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        _make_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(NOTHING_TO_PARAMETRIZE.format(module=module, name=tensor_name))
    return module


def _check_next(module: Module, name: str, parametrization: Module) -> None:
    """ValueError for a parametrization that does not fit those that the tensor has."""
    before = getattr(module, name)
    wanted = {"dtype": before.dtype, "shape": before.shape}
    after = parametrization(before)
    _check_tensor(after, ("dtype", "shape"), wanted, NO_TENSOR, CHANGES_AGAIN, name)
    if hasattr(parametrization, "right_inverse"):
        try:
            inverse = parametrization.right_inverse(after)
        except NotImplementedError:
            return
        _check_tensor(inverse, ("dtype", "shape"), wanted, INVERSE_NO_TENSOR, INVERSE_CHANGES, name)


def _check_tensor(
    value: Any, order: Sequence[str], wanted: dict[str, Any], no_tensor: str, changes: str, name: str = ""
) -> None:
    if not isinstance(value, Tensor):
        raise ValueError(no_tensor.format(found=type(value).__name__))
    for what in order:
        found = getattr(value, what)
        if found != wanted[what]:
            raise ValueError(changes.format(what=what, name=name, expected=wanted[what], found=found))


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _refuse_pickle(self: Module) -> Any:
    raise RuntimeError(NO_PICKLE)


def _deepcopy(self: Module, memo: dict[int, Any]) -> Any:
    """A deep copy, which `copy` cannot make in its own way, because that asks for the state as pickle does."""
    twin = memo.get(id(self))
    if twin is None:
        twin = memo[id(self)] = self.__new__(type(self))
        twin.__dict__ = deepcopy(self.__dict__, memo)
        for slot in copyreg._slotnames(type(self)):  # type: ignore[attr-defined]
            if hasattr(self, slot):
                setattr(twin, slot, deepcopy(getattr(self, slot), memo))
    return twin


def _give_own_class(module: Module) -> None:
    """Give a module a class of its own, on which properties can be set."""
    before = type(module)
    body: dict[str, Any] = {"__getstate__": _refuse_pickle}
    if not hasattr(before, "__deepcopy__"):
        body["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{before.__name__}", (before,), body)


def _make_property(module: Module, name: str) -> None:
    """Let the class of a module compute the tensor of this name from its parametrizations."""
    if hasattr(module, name):
        raise AssertionError(ATTRIBUTE_EXISTS.format(name=name))

    def computed(self: Module) -> Any:
        parametrizations = self.parametrizations[name]
        if not _cache.blocks:
            return parametrizations()
        key = (id(self), name)
        if key not in _cache.values:
            _cache.values[key] = parametrizations()
        return _cache.values[key]

    def assigned(self: Module, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(computed, assigned))


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrization, of the tensor of this name if one is given."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor a parameter or buffer again: its present value, or else the original.

    Returns the module. ValueError for a tensor that has no parametrization, and for the original where there are
    several. Source: torch.nn.utils.parametrize.remove_parametrizations.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(NOT_PARAMETRIZED.format(module=module, name=tensor_name))
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name)
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(SEVERAL_ORIGINALS)
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> Any:
    """Return the class that a module had before it got parametrizations (torch.nn.utils.parametrize)."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Register the parametrizations of one module on another as well, with the same originals.

    Without a name, those of all its tensors. Returns `to_module`. Source:
    torch.nn.utils.parametrize.transfer_parametrizations_and_params.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in from_module.parametrizations if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        listed = from_module.parametrizations[name]
        for parametrization in listed:
            register_parametrization(to_module, name, parametrization)
        for original, tensor in listed.named_parameters(recurse=False):
            setattr(to_module.parametrizations[name], original, tensor)
    return to_module
