"""The derivative table, a file for each kind of operator. Importing it fills `TABLE`."""

from . import activations, diagonals, indexing, linalg, losses, masking, pointwise, reduction, shape
from .pointwise import cast
from .shape import expand, sum_to
from .table import BY_NUMPY, NUMPY_KEYWORDS, TABLE, Operator

__all__ = [
    "BY_NUMPY",
    "NUMPY_KEYWORDS",
    "TABLE",
    "Operator",
    "activations",
    "cast",
    "diagonals",
    "expand",
    "indexing",
    "linalg",
    "losses",
    "masking",
    "pointwise",
    "reduction",
    "shape",
    "sum_to",
]
