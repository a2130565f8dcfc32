"""Module: a function with parameters, made of smaller ones.

A module keeps its parameters, buffers and children in three dicts by name; all that it does with them (saving,
loading, casting, printing) is a walk over those. Semantics and error texts are those of torch 2.13's nn.Module.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ... import dtypes
from ...autograd.hooks import RemovableHandle
from ...devices import on_cpu
from ...dtypes import dtype as _dtype
from ...tensor import Tensor
from ..parameter import Parameter
from ..refusals import (
    BUFFER_BEFORE_INIT,
    CANNOT_ASSIGN,
    MODULE_BEFORE_INIT,
    MODULE_NAME_WITH_DOT,
    NAME_EMPTY,
    NAME_TAKEN,
    NAME_TYPE,
    NAME_WITH_DOT,
    NO_ATTRIBUTE,
    NO_FORWARD,
    NO_PART,
    NOT_A_BUFFER,
    NOT_A_LEAF,
    NOT_A_MODULE,
    NOT_A_PARAMETER,
    NOT_FLOATING,
    PARAMETER_BEFORE_INIT,
    PARAMETERS_BEFORE_INIT,
    PART_NOT_A_BUFFER,
    PART_NOT_A_MODULE,
    PART_NOT_A_PARAMETER,
    TRAINING_MODE,
)
from .hooks import call_with_hooks, register
from .state import _IncompatibleKeys, load_state, own_state
from .text import in_lines, typename

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")


def _missing_forward(self: Module, *args: Any) -> Any:
    raise NotImplementedError(NO_FORWARD.format(type=type(self).__name__))


class Module:
    """The base class of layers and models: what is assigned to it as a Parameter or a Module becomes part of it.

    A subclass calls `super().__init__()` first (AttributeError if it assigns a part before) and defines `forward`.
    Source: torch.nn.Module.
    """

    training: bool
    forward: Callable[..., Any] = _missing_forward

    def __init__(self) -> None:
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_modules"] = {}
        own["_non_persistent_buffers_set"] = set()
        own["_forward_hooks"] = OrderedDict()
        own["_forward_pre_hooks"] = OrderedDict()

    # -- calling -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._forward_hooks or self._forward_pre_hooks:
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, args)` called before every forward; what it returns, if anything, replaces the arguments.

        With `with_kwargs` it is `hook(module, args, kwargs)`, which returns both or None. `prepend` puts it before the
        hooks that are there. Returns a handle with `remove()`. Source: torch.nn.Module.register_forward_pre_hook.
        """
        return register(self._forward_pre_hooks, hook, with_kwargs, prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Have `hook(module, args, output)` called after every forward; what it returns, if anything, is the output.

        With `with_kwargs` it is `hook(module, args, kwargs, output)`. `prepend` puts it before the hooks that are
        there. Returns a handle with `remove()`. Source: torch.nn.Module.register_forward_hook.
        """
        return register(self._forward_hooks, hook, with_kwargs, prepend)

    # -- the parts: attributes that live in the three dicts ----------------------------------------

    def __getattr__(self, name: str) -> Any:  # only for what is not found in the ordinary way
        own = self.__dict__
        if "_modules" in own:  # not before __init__, nor while a copy is being put together
            for part in (own["_parameters"], own["_modules"], own["_buffers"]):
                if name in part:
                    return part[name]
        raise AttributeError(NO_ATTRIBUTE.format(type=type(self).__name__, name=name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if isinstance(value, Parameter):
            if "_parameters" not in own:
                raise AttributeError(PARAMETERS_BEFORE_INIT)
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if "_modules" not in own:
                raise AttributeError(MODULE_BEFORE_INIT)
            if name in own["_parameters"]:
                raise _cannot_assign(value, "parameter", name, "torch.nn.Parameter")
            self._forget(name, "_modules")
            own["_modules"][name] = value
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise _cannot_assign(value, "parameter", name, "torch.nn.Parameter")
            own["_parameters"][name] = None
        elif name in own.get("_modules", ()):
            if value is not None:
                raise _cannot_assign(value, "child module", name, "torch.nn.Module")
            own["_modules"][name] = None
        elif name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise _cannot_assign(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
            own["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for part in (self._parameters, self._buffers, self._modules):
            if name in part:
                del part[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def _forget(self, name: str, kept: str) -> None:
        """Take away whatever has this name, but in the dict that is about to get it."""
        own = self.__dict__
        own.pop(name, None)
        for part in ("_parameters", "_buffers", "_modules"):
            if part != kept:
                own[part].pop(name, None)
        own["_non_persistent_buffers_set"].discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make a parameter, or None as a place for one, part of this module under a name without dots.

        KeyError for a name that cannot be or is taken, TypeError for what is no Parameter, ValueError for a tensor with
        history, AttributeError before `Module.__init__()`. Source: torch.nn.Module.register_parameter.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError(PARAMETER_BEFORE_INIT)
        self._check_name(name, "parameter", self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(NOT_A_PARAMETER.format(found=typename(param), name=name))
            if param.node is not None:
                raise ValueError(NOT_A_LEAF.format(name=name))
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Make a tensor that is not learnt part of this module, and of its state_dict if it is `persistent`.

        KeyError for a name that cannot be or is taken, TypeError for what is neither a Tensor nor None, AttributeError
        before `Module.__init__()`. Source: torch.nn.Module.register_buffer.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError(BUFFER_BEFORE_INIT)
        self._check_name(name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(NOT_A_BUFFER.format(found=typename(tensor), name=name))
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Make another module, or None as a place for one, a child of this one.

        KeyError for a name that cannot be or is taken, TypeError for what is no Module. Source:
        torch.nn.Module.add_module.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(NOT_A_MODULE.format(found=typename(module)))
        self._check_name(name, "module", self._modules)
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """As `add_module` (torch.nn.Module.register_module)."""
        self.add_module(name, module)

    def _check_name(self, name: str, kind: str, part: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(NAME_TYPE.format(kind=kind, found=typename(name)))
        if "." in name:
            raise KeyError((MODULE_NAME_WITH_DOT if kind == "module" else NAME_WITH_DOT).format(kind=kind, name=name))
        if not name:
            raise KeyError(NAME_EMPTY.format(kind=kind))
        if name not in part and hasattr(self, name):
            raise KeyError(NAME_TAKEN.format(name=name))

    # -- walking over the parts --------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module ("") and all below it with their dotted names, each once unless `remove_duplicate` is False."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once unless `remove_duplicate` is False."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules right below this one with their names, each once."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The modules right below this one, each once."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted names, those of the modules below too if `recurse`, each once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters: what an optimizer gets."""
        return (parameter for _, parameter in self._named_members("_parameters", "", recurse, True))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted names, those of the modules below too if `recurse`, each once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers: tensors that belong to the module and are not learnt."""
        return (buffer for _, buffer in self._named_members("_buffers", "", recurse, True))

    def _named_members(self, part: str, prefix: str, recurse: bool, once: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=once) if recurse else iter([(prefix, self)])
        for path, module in modules:
            for name, member in module.__dict__[part].items():
                if member is None or id(member) in seen:
                    continue
                if once:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def get_submodule(self, target: str) -> Module:
        """The module at a dotted name, "" being this one. AttributeError where there is none."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(NO_PART.format(type=type(module).__name__, name=name))
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(PART_NOT_A_MODULE.format(name=name))
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted name. AttributeError where there is none."""
        parameter = self._get_member(target)
        if not isinstance(parameter, Parameter):
            raise AttributeError(PART_NOT_A_PARAMETER.format(name=target.rpartition(".")[2]))
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted name. AttributeError where there is none."""
        path, _, name = target.rpartition(".")
        buffer = self._get_member(target)
        if name not in self.get_submodule(path)._buffers:
            raise AttributeError(PART_NOT_A_BUFFER.format(name=name))
        return buffer  # type: ignore[no-any-return]

    def _get_member(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(NO_PART.format(type=type(module).__name__, name=name))
        return getattr(module, name)

    # -- saving and loading ------------------------------------------------------------------------

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers by dotted name, sharing their memory, without history.

        With `keep_vars` the very parameters. They are put into `destination` if it is given. Source:
        torch.nn.Module.state_dict.
        """
        state: dict[str, Any] = OrderedDict() if destination is None else destination
        for name, tensor in own_state(self).items():
            state[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, child in self._modules.items():
            if child is not None:
                child.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy tensors by dotted name into the parameters and buffers, cast to their dtypes.

        Returns the names that were missing and that were unexpected; where there are any and the load is `strict`, and
        for tensors of another size in any case, RuntimeError with all that was wrong (the rest is loaded nevertheless,
        as in torch). With `assign` the tensors themselves take the places. TypeError for anything but a mapping.
        Source: torch.nn.Module.load_state_dict.
        """
        return load_state(self, state_dict, strict, assign)

    # -- for every module at once ------------------------------------------------------------------

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below this one, children first, and on this one; returns this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Put this module and all below it in training mode (`mode`) or evaluation mode; ValueError for no bool."""
        if not isinstance(mode, bool):
            raise ValueError(TRAINING_MODE)
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Put this module and all below it in evaluation mode."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Say of every parameter whether it is learnt."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take every parameter's gradient away, or make it zero unless `set_to_none`."""
        for parameter in self.parameters():
            if parameter._grad is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    parameter._grad.detach_().zero_()

    def to(self: Self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Self:
        """Cast the floating parameters and buffers, and the gradients, to a floating dtype, in place.

        The dtype may be given as such or as a tensor's; a device, as text or object, must be the CPU: for others what
        `devices.on_cpu` raises. TypeError for a dtype that is not floating. Source: torch.nn.Module.to.
        """
        for arg in (*args, device):
            if isinstance(arg, (_dtype, type)):
                dtype = arg
            elif isinstance(arg, Tensor):
                dtype = arg.dtype
            elif not isinstance(arg, bool):
                on_cpu(arg)
        if dtype is None:
            return self
        target = dtypes.of(dtypes.given(dtype, "to"))
        if not target.is_floating_point:
            raise TypeError(NOT_FLOATING.format(dtype=target))
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    for tensor in (parameter, parameter._grad):
                        if tensor is not None and tensor.is_floating_point():
                            tensor.data = tensor.data.to(target)
            for name, buffer in module._buffers.items():
                if buffer is not None and buffer.is_floating_point():
                    module._buffers[name] = buffer.to(target)
        return self

    def cpu(self: Self) -> Self:
        """The module itself, which is on the CPU."""
        return self

    def cuda(self: Self, device: Any = None) -> Self:
        """AssertionError, as from a torch that was not built for CUDA (torch.nn.Module.cuda)."""
        on_cpu("cuda")
        return self

    def float(self: Self) -> Self:
        """Cast the floating parameters and buffers to float32, in place."""
        return self.to(dtypes.float32)

    def double(self: Self) -> Self:
        """Cast the floating parameters and buffers to float64, in place."""
        return self.to(dtypes.float64)

    def half(self: Self) -> Self:
        """Cast the floating parameters and buffers to float16, in place."""
        return self.to(dtypes.float16)

    def extra_repr(self) -> str:
        """What a subclass prints of itself between its parentheses."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if len(lines) == 1 and not self._modules:
            return f"{type(self).__name__}({extra})"
        lines += [f"({name}): {child!r}" for name, child in self._modules.items()]
        return in_lines(type(self).__name__, lines)


def _cannot_assign(value: object, kind: str, name: str, expected: str) -> TypeError:
    return TypeError(CANNOT_ASSIGN.format(found=typename(value), kind=kind, name=name, expected=expected))
