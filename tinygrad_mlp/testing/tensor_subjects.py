"""Functions of tensors, ours and torch's: they are called alike, so that one class serves for both."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from .refusals import NO_FLOATING_INPUT, NO_FLOATING_OUTPUT, NOT_TO_CHECK, ONCE
from .subject import (
    Array,
    Arrays,
    BackwardRaised,
    Inputs,
    Subject,
    Trial,
    differing,
    is_array,
    leaves_of,
    names_of,
    promoted,
)


class Framework:
    """Ours or torch: the module, and how arrays become tensors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: Any = importlib.import_module(name)

    def tensor(self, array: Array, requires_grad: bool = False) -> Any:
        """A tensor of its own memory."""
        tensor = self.module.from_numpy(np.array(array, order="C"))
        return tensor.requires_grad_() if requires_grad else tensor

    def constant(self, x: Any) -> Any:
        return self.tensor(x) if is_array(x) else x

    def floating(self, result: Any) -> list[Any]:
        """The floating tensors in a result."""
        kinds = (self.module.Tensor,)
        return [x for x in leaves_of(result) if isinstance(x, kinds) and x.is_floating_point()]


class TensorSubject(Subject):
    """A function of tensors: its gradient is what `autograd.grad` of its framework gives.

    `call(arguments, state)` is the function; `state` has the parameters, which are checked like the inputs, and the
    buffers of a module by their names.
    """

    def __init__(
        self,
        framework: Framework,
        call: Callable[[list[Any], dict[str, Any]], Any],
        inputs: Inputs,
        parameters: dict[str, Array] | None = None,
        buffers: dict[str, Array] | None = None,
    ) -> None:
        self.framework, self.call, self.inputs = framework, call, inputs
        self.parameters, self.buffers = parameters or {}, buffers or {}
        self.arrays = (*inputs.arrays(), *(np.array(p) for p in self.parameters.values()))
        self.names = (*(inputs.names[i] for i in inputs.checked), *self.parameters)
        if not self.arrays:
            raise ValueError(NO_FLOATING_INPUT)
        outputs = framework.floating(self._run(self._leaves(self.arrays)))
        if not outputs:
            raise ValueError(NO_FLOATING_OUTPUT)
        # Outputs that are marked as not differentiable are left out; if all are, their gradients are missing.
        recorded = [i for i, x in enumerate(outputs) if x.requires_grad]
        self.places = recorded or list(range(len(outputs)))
        self.has_functions = any(_function_of(node) is not None for node in _nodes(outputs))

    def value(self, arrays: Arrays) -> Arrays:
        own = self.framework.tensor if arrays is self.arrays else self.framework.module.from_numpy
        with self.framework.module.no_grad():
            outputs = self._outputs([own(np.asarray(x)) for x in arrays])  # others are nobody else's
        return tuple(np.array(x.detach().numpy()) for x in outputs)

    def gradients(self, arrays: Arrays, cotangents: Arrays) -> tuple[Array | None, ...]:
        leaves = self._leaves(arrays)
        gradients = self._gradients(leaves, self._outputs(leaves), [self.framework.tensor(c) for c in cotangents])
        return tuple(None if g is None else np.array(g.detach().numpy()) for g in gradients)

    def promoted(self) -> TensorSubject:
        wide = [{name: promoted(x) for name, x in part.items()} for part in (self.parameters, self.buffers)]
        return TensorSubject(self.framework, self.call, self.inputs.promoted(), *wide)

    def second(self, cotangents: Arrays) -> Subject | None:
        return SecondOrder(self, cotangents)

    def trial(self, cotangents: Arrays) -> Trial:
        leaves = self._leaves(self.arrays)
        outputs = self._outputs(leaves)
        values = tuple(np.array(x) for x in _arrays(outputs))
        changes = [(self.names[i], "forward") for i in differing(_arrays(leaves), self.arrays)]
        before = [np.array(x) for x in _arrays(leaves)] if changes else self.arrays
        given = [self.framework.tensor(c) for c in cotangents]
        try:
            gradients = self._gradients(leaves, outputs, given)
        except Exception as error:
            raise BackwardRaised(error) from error
        changes += [(self.names[i], "backward") for i in differing(_arrays(leaves), before)]
        changes += [("the cotangent", "backward") for _ in differing(_arrays(given), cotangents)]
        return Trial(values, tuple(None if g is None else np.array(g.detach().numpy()) for g in gradients), changes)

    def raw_gradients(self, cotangents: Arrays) -> Iterator[tuple[str, str, tuple[int, ...], tuple[int, ...]]]:
        if not self.has_functions:
            return
        leaves = self._leaves(self.arrays)
        names = {id(leaf): name for leaf, name in zip(leaves, self.names, strict=True)}
        for node, function, grads in self._functions(leaves, cotangents):
            rule = function.backward if function.vjp is self.framework.module.autograd.Function.vjp else function.vjp
            given = rule(getattr(node, "ctx", node), *grads)
            for gradient, edge in _side_by_side(given if isinstance(given, tuple) else (given,), node.next_functions):
                shape = _shape_of(edge)
                if gradient is not None and shape is not None and tuple(gradient.shape) != shape:
                    name = names.get(id(getattr(edge[0], "variable", None)), "an input")
                    yield f"{function.__name__}.backward", name, tuple(gradient.shape), shape

    # -- running it ------------------------------------------------------------------------------------

    def _leaves(self, arrays: Arrays) -> list[Any]:
        return [self.framework.tensor(x, requires_grad=True) for x in arrays]

    def _run(self, tensors: Sequence[Any]) -> Any:
        count = len(self.inputs.checked)
        arguments = self.inputs.with_checked(tensors[:count], self.framework.constant)
        state = dict(zip(self.parameters, tensors[count:], strict=True))
        return self.call(arguments, state | {name: self.framework.constant(x) for name, x in self.buffers.items()})

    def _outputs(self, tensors: Sequence[Any]) -> list[Any]:
        found = self.framework.floating(self._run(tensors))
        return [found[i] for i in self.places] if len(found) > max(self.places) else found

    def _gradients(self, leaves: list[Any], outputs: list[Any], given: list[Any], again: bool = False) -> list[Any]:
        pairs = [(x, c) for x, c in zip(outputs, given, strict=True) if x.requires_grad]
        if not pairs:
            return [None] * len(leaves)
        grad = self.framework.module.autograd.grad
        xs, cs = zip(*pairs, strict=True)
        return list(grad(xs, leaves, cs, retain_graph=True, create_graph=again, allow_unused=True))

    def _functions(self, leaves: list[Any], cotangents: Arrays) -> list[tuple[Any, Any, Any]]:
        """Each Function on the tape: its node, its class, and the cotangents that it gets."""
        outputs = self._outputs(leaves)
        nodes = [(node, kind) for node in _nodes(outputs) if (kind := _function_of(node)) is not None]
        seen: dict[int, Any] = {}
        hooks = [node.register_prehook(functools.partial(seen.__setitem__, id(node))) for node, _ in nodes]
        with suppress(Exception):  # what a framework says of a gradient of another shape is not asked for here
            self._gradients(leaves, outputs, [self.framework.tensor(c) for c in cotangents])
        for hook in hooks:
            hook.remove()
        reached = [(node, kind, seen.get(id(node))) for node, kind in nodes]
        return [found for found in reached if found[2] is not None and all(g is not None for g in found[2])]


class SecondOrder(Subject):
    """The gradient as a function of the inputs and the cotangents; its own gradient is what `create_graph` gives."""

    def __init__(self, first: TensorSubject, cotangents: Arrays) -> None:
        self.first = first
        self.count = len(first.arrays)
        self.arrays = (*first.arrays, *cotangents)
        self.names = (*first.names, *_cotangent_names(len(cotangents)))

    def value(self, arrays: Arrays) -> Arrays:
        gradients = self.first.vjp(arrays[: self.count], arrays[self.count :])
        zeros = (np.zeros_like(x) for x in arrays)
        return tuple(z if g is None else g for g, z in zip(gradients, zeros, strict=False))

    def gradients(self, arrays: Arrays, cotangents: Arrays) -> tuple[Array | None, ...]:
        tensor = self.first.framework.tensor
        leaves = [tensor(x, requires_grad=True) for x in arrays]
        inputs, given = leaves[: self.count], leaves[self.count :]
        firsts = self.first._gradients(inputs, self.first._outputs(inputs), given, again=True)
        pairs = [(g, tensor(c)) for g, c in zip(firsts, cotangents, strict=True) if g is not None and g.requires_grad]
        # What is marked as once_differentiable is not on the way to the inputs, so that it would be passed over.
        if any(node.name() == "torch::autograd::Error" for node in _nodes([g for g, _ in pairs])):
            raise RuntimeError(ONCE)
        if not pairs:
            return (None,) * len(leaves)
        xs, cs = zip(*pairs, strict=True)
        seconds = self.first.framework.module.autograd.grad(xs, leaves, cs, allow_unused=True)
        return tuple(None if g is None else np.array(g.detach().numpy()) for g in seconds)

    def trial(self, cotangents: Arrays) -> Trial:
        return Trial(self.value(self.arrays), self.vjp(self.arrays, cotangents), [])


def _cotangent_names(count: int) -> list[str]:
    return ["the cotangent"] if count == 1 else [f"the cotangent of output {i}" for i in range(count)]


def _arrays(tensors: Sequence[Any]) -> list[Array]:
    return [t.detach().numpy() for t in tensors]


def _nodes(outputs: Sequence[Any]) -> list[Any]:
    """All nodes below the outputs."""
    found: dict[int, Any] = {}
    waiting = [x.grad_fn for x in outputs if x.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if id(node) not in found:
            found[id(node)] = node
            waiting += [below for below, _ in node.next_functions if below is not None]
    return list(found.values())


def _function_of(node: Any) -> Any:
    """The class of the user's Function, if the node is of one."""
    kind = getattr(type(node), "function", None) or getattr(node, "_forward_cls", None)
    return kind if isinstance(kind, type) else None


def _side_by_side(gradients: Sequence[Any], edges: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The gradient of each edge; a Function also returns None for arguments that are no tensors, which have no edge."""
    if len(gradients) != len(edges):
        gradients = [g for g in gradients if g is not None]
        edges = [edge for edge in edges if edge[0] is not None]
    return list(zip(gradients, edges, strict=True)) if len(gradients) == len(edges) else []


def _shape_of(edge: tuple[Any, int]) -> tuple[int, ...] | None:
    """The shape of what an edge leads to, where the tape says it."""
    node, place = edge
    if node is None:
        return None
    if hasattr(node, "variable"):
        return tuple(node.variable.shape)
    metadata = getattr(node, "_input_metadata", None)  # torch's
    if metadata is not None:
        return tuple(metadata[place].shape)
    return tuple(node.shape) if getattr(node, "outputs_count", 1) == 1 else None


# -- what was given --------------------------------------------------------------------------------


def framework_of(f: Any, inputs: Sequence[Any]) -> Framework:
    """Torch, where an input is a torch tensor or `f` is a class or an object of torch's; else this package."""
    torch = sys.modules.get("torch")
    if torch is not None:
        kind = f if isinstance(f, type) else type(f)
        if any(isinstance(x, torch.Tensor) for x in inputs):
            return Framework("torch")
        if issubclass(kind, (torch.nn.Module, torch.autograd.Function)):
            return Framework("torch")
    return Framework("tinygrad_mlp")


def is_function(f: Any, module: Any) -> bool:
    """Whether it is a class of the user's that derives from Function."""
    return isinstance(f, type) and issubclass(f, module.autograd.Function)


def tensor_subject(f: Any, inputs: Sequence[Any], names: Sequence[str] | None = None) -> TensorSubject:
    """A function of tensors, a Function class, or a module, with its parameters. TypeError for anything else."""
    framework = framework_of(f, inputs)
    module, count = framework.module, len(inputs)
    if is_function(f, module):
        skipped = int(f.setup_context is module.autograd.Function.setup_context)  # ctx comes first, then
        named = Inputs(inputs, names or names_of(f.forward, count, skipped))
        return TensorSubject(framework, lambda arguments, _: f.apply(*arguments), named)
    if isinstance(f, module.nn.Module):
        return _module_subject(framework, f, Inputs(inputs, names or names_of(f.forward, count)))
    if isinstance(f, type) or not callable(f):
        raise TypeError(NOT_TO_CHECK.format(f=f))
    return TensorSubject(framework, lambda arguments, _: f(*arguments), Inputs(inputs, names or names_of(f, count)))


def _module_subject(framework: Framework, module: Any, inputs: Inputs) -> TensorSubject:
    functional_call = importlib.import_module(f"{framework.name}.func").functional_call
    every = {name: p.detach().numpy() for name, p in module.named_parameters()}
    checked = {name: every[name] for name, p in module.named_parameters() if p.requires_grad}
    rest = {name: x for name, x in every.items() if name not in checked}
    rest |= {name: b.detach().numpy() for name, b in module.named_buffers()}
    return TensorSubject(
        framework, lambda arguments, state: functional_call(module, state, tuple(arguments)), inputs, checked, rest
    )
