"""The derivative table: the forward and the derivative of every operator, in NumPy, a file for each kind of operator.

Importing this package fills `TABLE`. It imports nothing that knows Tensors or the tape.
"""

from . import (
    activations,
    arithmetic,
    basic,
    comparison,
    diagonals,
    extremes,
    indexing,
    linalg,
    losses,
    masking,
    normalization,
    norms,
    pointwise,
    reduction,
    shape,
    slices,
    sorting,
)
from .pointwise import cast
from .shape import expand, sum_to
from .table import BY_NUMPY, NUMPY_KEYWORDS, TABLE, Dims, Operator, source, write_sources_with

__all__ = [
    "BY_NUMPY",
    "NUMPY_KEYWORDS",
    "TABLE",
    "Dims",
    "Operator",
    "activations",
    "arithmetic",
    "basic",
    "cast",
    "comparison",
    "diagonals",
    "expand",
    "extremes",
    "indexing",
    "linalg",
    "losses",
    "masking",
    "normalization",
    "norms",
    "pointwise",
    "reduction",
    "shape",
    "slices",
    "sorting",
    "source",
    "sum_to",
    "write_sources_with",
]
