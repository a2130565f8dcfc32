"""What a dtype can hold: torch.finfo and torch.iinfo."""

from __future__ import annotations

import math
from typing import Any

from . import dtypes
from .refusals import FINFO_OF_INTEGER, IINFO_OF_BOOL, IINFO_OF_FLOAT, INFO_MISSING, INFO_TYPE

# The bits of the fraction and the largest exponent of each floating format, from IEEE 754 and, for bfloat16, from
# Google's description of it: float32 with the last 16 bits cut off.
_FORMATS = {"float16": (10, 15), "bfloat16": (7, 127), "float32": (23, 127), "float64": (52, 1023)}


class finfo:
    """The limits of a floating dtype, or of the parts of a complex one; by default of the default dtype (torch.finfo).

    Its attributes are `bits`, `eps`, `max`, `min`, `tiny`, `smallest_normal`, `resolution` and `dtype`. TypeError for
    any other dtype.
    """

    __module__ = "tinygrad_mlp"
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type: Any = None) -> None:
        given = _dtype("finfo", dtypes.get_default_dtype() if type is None else type).to_real()
        if not given.is_floating_point:
            raise TypeError(FINFO_OF_INTEGER)
        fraction, exponent = _FORMATS[given.name]
        self.dtype = given.name
        self.bits = given.itemsize * 8
        self.eps = 2.0**-fraction
        self.max = (2.0 - self.eps) * 2.0**exponent
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - exponent)
        self.resolution = 10.0 ** -math.floor(fraction * math.log10(2))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of a dtype of integers (torch.iinfo): `bits`, `min`, `max` and `dtype`. TypeError for any other."""

    __module__ = "tinygrad_mlp"
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type: Any = None) -> None:
        if type is None:
            raise TypeError(INFO_MISSING.format(function="iinfo"))
        given = _dtype("iinfo", type)
        if given.is_floating_point or given.is_complex:
            raise TypeError(IINFO_OF_FLOAT)
        if given is dtypes.bool_:
            raise TypeError(IINFO_OF_BOOL)
        self.dtype = given.name
        self.bits = given.itemsize * 8
        self.max = 2 ** (self.bits - given.is_signed) - 1
        self.min = -self.max - 1 if given.is_signed else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _dtype(function: str, type: Any) -> dtypes.dtype:
    if not isinstance(type, dtypes.dtype):
        raise TypeError(INFO_TYPE.format(function=function, found=type.__class__.__name__))
    return type
