"""The derivative table: the forward and the derivative of every operator, in NumPy, a file for each kind of operator.

`TABLE` has them all; a file is imported when one of its rows is first asked for. Nothing here knows Tensors or the
tape.
"""

from .contents import IN_PLACE, METHODS, ROWS
from .fitting import cast, expand, sum_to
from .table import NUMPY_KEYWORDS, TABLE, Dims, Operator, by_numpy, source, write_sources_with

__all__ = [
    "IN_PLACE",
    "METHODS",
    "NUMPY_KEYWORDS",
    "ROWS",
    "TABLE",
    "Dims",
    "Operator",
    "by_numpy",
    "cast",
    "expand",
    "source",
    "sum_to",
    "write_sources_with",
]
