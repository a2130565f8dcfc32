"""The derivative table: the forward and the derivative of every operator, in NumPy, a file for each kind of operator.

`TABLE` has the rows; a file is imported when one of its rows is first asked for (see contents.py). Nothing here knows
Tensors or the tape.
"""

from .table import NUMPY_KEYWORDS, TABLE, Dims, Operator, by_numpy, source, write_sources_with

TABLE.stand_in(
    "activations", "added_products", "arithmetic", "basic", "bilinear", "bits", "comparison", "decompositions",
    "determinants", "diagonals", "distances", "embedding", "extremes", "fitting", "fourier", "gathering", "indexing",
    "linalg", "losses", "lu", "margins", "masking", "normalization", "norms", "padding", "pointwise", "rectifiers",
    "reduction", "scattering", "searching", "shape", "slices", "solving", "sorting", "special_functions", "statistics",
)  # fmt: skip

from .fitting import cast, expand, sum_to  # noqa: E402
from .layout import laid_out_as  # noqa: E402

__all__ = [
    "NUMPY_KEYWORDS",
    "TABLE",
    "Dims",
    "Operator",
    "by_numpy",
    "cast",
    "expand",
    "laid_out_as",
    "source",
    "sum_to",
    "write_sources_with",
]
