"""Module, the base class of layers and models: a function with parameters, which may be made of smaller modules.

A module keeps its parameters, buffers and children in three dicts by name, and saving, loading, casting and printing
walk over these. Behaviour and error texts are those of torch 2.13's nn.Module.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ...tensor import Tensor
from ..parameter import Buffer, Parameter
from ..refusals import (
    BUFFER_BEFORE_INIT,
    INIT_KEYWORD,
    INIT_POSITION,
    MODULE_BEFORE_INIT,
    NO_ATTRIBUTE,
    NO_FORWARD,
    NO_PART,
    NO_TARGET,
    NOT_A_MODULE,
    NOT_A_SUBMODULE,
    PARAMETER_BEFORE_INIT,
    PARAMETERS_BEFORE_INIT,
    PART_NOT_A_BUFFER,
    PART_NOT_A_MODULE,
    PART_NOT_A_PARAMETER,
    TRAINING_MODE,
)
from .checks import cannot_assign, check_buffer, check_name, check_parameter
from .converting import Converted
from .hooks import (
    HOOKS,
    Hooked,
    call_with_hooks,
    of_all_modules,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    registered,
)
from .stateful import HOOKS as STATE_HOOKS
from .stateful import Stateful
from .text import in_lines, typename

__all__ = [
    "Module", "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook", "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]  # fmt: skip

# Torch's names of the dicts of these hooks.
_global_backward_hooks = of_all_modules.backward
_global_backward_pre_hooks = of_all_modules.backward_pre
_global_buffer_registration_hooks = of_all_modules.buffer
_global_forward_hooks = of_all_modules.forward
_global_forward_pre_hooks = of_all_modules.forward_pre
_global_module_registration_hooks = of_all_modules.module
_global_parameter_registration_hooks = of_all_modules.parameter

Self = TypeVar("Self", bound="Module")


def _missing_forward(self: Module, *args: Any) -> Any:
    raise NotImplementedError(NO_FORWARD.format(type=type(self).__name__))


class Module(Converted, Hooked, Stateful):
    """The base class of layers and models; a Parameter or Module that is assigned to an attribute becomes part of it.

    A subclass calls `super().__init__()` before it assigns anything (else AttributeError) and defines `forward`.
    Source: torch.nn.Module.
    """

    training: bool
    forward: Callable[..., Any] = _missing_forward

    call_super_init = False  # whether the __init__ of the next base class is called, too
    dump_patches = False  # torch's name: nothing asks for it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(INIT_KEYWORD.format(type=type(self).__name__, name=next(iter(kwargs))))
            if args:
                raise TypeError(INIT_POSITION.format(type=type(self).__name__, count=len(args) + 1))
        own = self.__dict__
        own["training"] = True
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_modules"] = {}
        own["_non_persistent_buffers_set"] = set()
        for hooks in (*HOOKS, *STATE_HOOKS):
            own[hooks] = OrderedDict()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # -- calling -----------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooked:
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    # -- parts: attributes that are kept in the three dicts ----------------------------------------

    def __getattr__(self, name: str) -> Any:  # Python calls this for what it does not find itself
        own = self.__dict__
        if "_modules" in own:  # not before __init__, and not yet in a copy that is being made
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
                raise cannot_assign(value, "parameter", name, "torch.nn.Parameter")
            self._forget(name, "_modules")
            own["_modules"][name] = registered(of_all_modules.module, self, name, value)
        elif name in own.get("_parameters", ()):
            if value is not None:
                raise cannot_assign(value, "parameter", name, "torch.nn.Parameter")
            own["_parameters"][name] = None
        elif name in own.get("_modules", ()):
            if value is not None:
                raise cannot_assign(value, "child module", name, "torch.nn.Module")
            own["_modules"][name] = registered(of_all_modules.module, self, name, None)
        elif name in own.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise cannot_assign(value, "buffer", name, "torch.nn.Buffer, torch.Tensor")
            self._set_buffer(name, value, name not in own["_non_persistent_buffers_set"])
        elif isinstance(value, Tensor) and isinstance(value, Buffer):
            self._set_buffer(name, value, True)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any, persistent: bool) -> None:
        """Register what is assigned under the name of a buffer; a class may override the method without its option."""
        persistent = getattr(value, "persistent", persistent)
        if persistent:
            self.register_buffer(name, value)
        else:
            self.register_buffer(name, value, persistent)

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
        """Remove whatever has this name, except from the dict `kept`, in which it is about to be set."""
        own = self.__dict__
        own.pop(name, None)
        for part in ("_parameters", "_buffers", "_modules"):
            if part != kept:
                own[part].pop(name, None)
        own["_non_persistent_buffers_set"].discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter to this module under a name; None reserves the name.

        KeyError for a name that is empty, has a dot or is in use; TypeError unless `param` is a Parameter or None;
        ValueError if it is not a leaf; AttributeError before `Module.__init__()`. Source: torch.nn.Module.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError(PARAMETER_BEFORE_INIT)
        check_name(self, name, "parameter", self._parameters)
        check_parameter(name, param)
        self._parameters[name] = param if param is None else registered(of_all_modules.parameter, self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer, a tensor that is not learnt, to this module, and to its state_dict if it is `persistent`.

        KeyError for a name that is empty, has a dot or is in use; TypeError unless `tensor` is a Tensor or None;
        AttributeError before `Module.__init__()`. Source: torch.nn.Module.register_buffer.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError(BUFFER_BEFORE_INIT)
        check_name(self, name, "buffer", self._buffers)
        check_buffer(name, tensor)
        self._buffers[name] = registered(of_all_modules.buffer, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module to this one under a name; None reserves the name.

        KeyError for a name that is empty, has a dot or is in use; TypeError unless `module` is a Module or None.
        Source: torch.nn.Module.add_module.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(NOT_A_MODULE.format(found=typename(module)))
        check_name(self, name, "module", self._modules)
        self._modules[name] = registered(of_all_modules.module, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child module, as `add_module` does (torch.nn.Module.register_module)."""
        self.add_module(name, module)

    # -- iterating over the parts ------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module (as "") and all below it with their dotted names; each once if `remove_duplicate`."""
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
        """Iterate over this module and all below it, each once if `remove_duplicate`."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the children of this module with their names, each once."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """Iterate over the children of this module, each once."""
        return (child for _, child in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over the parameters with their dotted names, with `recurse` also those of the modules below."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over the parameters, each once: what an optimiser is given."""
        return (parameter for _, parameter in self._named_members("_parameters", "", recurse, True))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over the buffers with their dotted names, with `recurse` also those of the modules below."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over the buffers, the tensors that belong to the module and are not learnt."""
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
        """Return the module with a dotted name, or this one for ""; AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(NO_PART.format(type=type(module).__name__, name=name))
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(PART_NOT_A_MODULE.format(name=name))
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place of the one with a dotted name; unless `strict`, there may be none at its last step.

        ValueError for an empty name and for anything but a module, AttributeError for a path that leads nowhere.
        Source: torch.nn.Module.set_submodule.
        """
        if target == "":
            raise ValueError(NO_TARGET)
        if not isinstance(module, Module):
            raise ValueError(NOT_A_SUBMODULE.format(found=type(module)))
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent.get_submodule(name)  # which refuses what is not there, or no module
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter with a dotted name; AttributeError if there is none."""
        parameter = self._get_member(target)
        if not isinstance(parameter, Parameter):
            raise AttributeError(PART_NOT_A_PARAMETER.format(name=target.rpartition(".")[2]))
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer with a dotted name; AttributeError if there is none."""
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

    # -- for every module at once ------------------------------------------------------------------

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module below this one, then on this one, and return this one."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set this module and all below it to training mode, or to evaluation if `mode` is False, and return it."""
        if not isinstance(mode, bool):
            raise ValueError(TRAINING_MODE)
        self.training = mode
        for child in self.children():
            child.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set this module and all below it to evaluation mode, and return it."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Set `requires_grad` of every parameter, and return the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Set the gradient of every parameter to None, or to zeros if `set_to_none` is False."""
        for parameter in self.parameters():
            if parameter._grad is not None:
                if set_to_none:
                    parameter._grad = None
                else:
                    g = parameter._grad
                    (g.requires_grad_(False) if g.grad_fn is None else g.detach_()).zero_()

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what is printed between the parentheses of the class's name; subclasses override it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if len(lines) == 1 and not self._modules:
            return f"{type(self).__name__}({extra})"
        lines += [f"({name}): {child!r}" for name, child in self._modules.items()]
        return in_lines(type(self).__name__, lines)
