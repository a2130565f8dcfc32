"""Torch's names of the nodes of operators, where these differ from the name of the class here."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ...tape import Node

# Where torch has several operators for one row, by the types of arguments: the name of another, and when it is the one.
# Of `pow` and `lerp` a 0-d tensor without a gradient counts as a number.
OTHER_NAMES: dict[str, tuple[tuple[str, str, Callable[[Any], bool]], ...]] = {
    "SumBackward0": (("SumBackward1", "dim", lambda dim: dim is not None),),
    "MeanBackward0": (("MeanBackward1", "dim", lambda dim: dim is not None),),
    "ProdBackward0": (("ProdBackward1", "dim", lambda dim: dim is not None),),
    "PowBackward0": (
        ("PowBackward2", "input", lambda base: isinstance(base, (int, float))),
        ("PowBackward1", "exponent", lambda exponent: np.ndim(exponent) > 0),
    ),
    "ClampBackward0": (("ClampBackward1", "min max", lambda bound: not isinstance(bound, np.ndarray)),),
    "LerpBackward0": (("LerpBackward1", "weight", lambda weight: np.ndim(weight) > 0),),
    "SqueezeBackward0": (("SqueezeBackward1", "dim", lambda dim: dim is not None),),
    "SqueezeBackward1": (("SqueezeBackward2", "dim", lambda dim: not isinstance(dim, int)),),
    "SqueezeBackward3": (("SqueezeBackward4", "dim", lambda dim: dim is not None),),  # these three in place
    "SqueezeBackward4": (("SqueezeBackward5", "dim", lambda dim: not isinstance(dim, int)),),
}
# How many edges torch has where the arguments behind them are numbers; where they are tensors the name is the next.
OF_NUMBERS = {
    "PowBackward0": 1, "ClampBackward1": 1, "ClampMinBackward0": 1, "ClampMaxBackward0": 1, "LerpBackward0": 2,
    "MaskedFillBackward0": 1, "FillBackward2": 1, "RemainderBackward0": 1, "FmodBackward0": 1, "RsubBackward1": 1,
    "UniformBackward0": 1, "NormalBackward0": 1, "BernoulliBackward2": 1, "RandomBackward0": 1,
    "ExponentialBackward0": 1, "EqBackward0": 1, "NeBackward0": 1, "LtBackward0": 1, "LeBackward0": 1,
    "GtBackward0": 1, "GeBackward0": 1,
}  # fmt: skip
_NAMES_IN_FULL = frozenset(("AccumulateGrad", "CopySlices", "CopyBackwards", "NotImplemented"))


def name_of(node_class: type[Node]) -> str:
    """Torch's name of the nodes of a class."""
    name = node_class.__name__
    return f"torch::autograd::{name}" if name in _NAMES_IN_FULL else name


def short_name(node_name: str) -> str:
    """What torch's refusals call a node: MulBackward0 is Mul, SumBackward1 is Sum1."""
    return re.sub(r"Backward(0$|(?=\d*$))", "", node_name)


def of_tensors(name: str) -> str:
    """The name of an operator's node where all arguments are tensors."""
    return "RsubBackward0" if name == "RsubBackward1" else f"{name[:-1]}{int(name[-1]) + 1}"


@functools.cache
def named_otherwise(row_class: Any, name: str) -> Any:
    """The class of nodes of a row under another name."""
    return type(name, (row_class,), {"__slots__": ()})
