"""Pairs of plain NumPy functions: a forward, and its vector-Jacobian product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .refusals import MORE_GRADIENTS, NO_FLOATING_INPUT
from .subject import Array, Arrays, BackwardRaised, Inputs, Subject, Trial, differing, is_array, outputs_of


class NumPyPair(Subject):
    """Plain NumPy functions: `forward(*inputs)` and `vjp(cotangent, *inputs)`, which returns the cotangents."""

    def __init__(self, forward: Callable[..., Any], vjp: Callable[..., Any], inputs: Inputs) -> None:
        if not inputs.checked:
            raise ValueError(NO_FLOATING_INPUT)
        self.forward, self.backward, self.inputs = forward, vjp, inputs
        self.arrays = inputs.arrays()
        self.names = tuple(inputs.names[i] for i in inputs.checked)

    def value(self, arrays: Arrays) -> Arrays:
        with np.errstate(all="ignore"):
            return outputs_of(self.forward(*self._arguments(arrays)))

    def gradients(self, arrays: Arrays, cotangents: Arrays) -> tuple[Array | None, ...]:
        return self._gradients(self._arguments(arrays), tuple(np.array(c) for c in cotangents))

    def promoted(self) -> NumPyPair:
        return NumPyPair(self.forward, self.backward, self.inputs.promoted())

    def trial(self, cotangents: Arrays) -> Trial:
        arguments = self._arguments(self.arrays)
        before = [np.array(x) if is_array(x) else x for x in arguments]
        with np.errstate(all="ignore"):
            outputs = outputs_of(self.forward(*arguments))
        changes = [(self.inputs.names[i], "forward") for i in differing(arguments, before)]
        arguments = [np.array(x) if is_array(x) else x for x in before]
        given = tuple(np.array(c) for c in cotangents)
        try:
            gradients = self._gradients(arguments, given)
        except Exception as error:
            raise BackwardRaised(error) from error
        changes += [(self.inputs.names[i], "backward") for i in differing(arguments, before)]
        changes += [("the cotangent", "backward") for _ in differing(given, cotangents)]
        return Trial(outputs, gradients, changes)

    def _arguments(self, arrays: Arrays) -> list[Any]:
        return self.inputs.with_checked([np.array(x) for x in arrays], lambda x: np.array(x) if is_array(x) else x)

    def _gradients(self, arguments: list[Any], cotangents: Arrays) -> tuple[Array | None, ...]:
        with np.errstate(all="ignore"):
            given = self.backward(cotangents[0] if len(cotangents) == 1 else cotangents, *arguments)
        gradients = list(given) if isinstance(given, (tuple, list)) else [given]
        if len(gradients) > len(arguments):
            raise ValueError(MORE_GRADIENTS.format(given=len(gradients), inputs=len(arguments)))
        if len(gradients) != len(self.inputs.checked):  # one for each input, as a Function returns them
            gradients += [None] * (len(arguments) - len(gradients))
            gradients = [gradients[i] for i in self.inputs.checked]
        return tuple(None if g is None else np.asarray(g) for g in gradients)
