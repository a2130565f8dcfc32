"""Strategies of hypothesis for arrays, tensors, shapes, the arguments of operators, networks and their training.

They shrink to the smallest shape and to the plainest numbers. Awkward points come often: zeros of either sign, ties,
infinity and nan, subnormal and huge numbers, empty arrays, and memory that is transposed, strided or shared by several
elements. Arguments leave them out.
"""

from .arrays import arrays, tensors
from .layouts import LAYOUTS
from .networks import MLP, TrainingRun, mlps, training_runs
from .numbers import AWKWARD
from .operators import operator_inputs
from .shapes import broadcastable, shapes

__all__ = [
    "AWKWARD",
    "LAYOUTS",
    "MLP",
    "TrainingRun",
    "arrays",
    "broadcastable",
    "mlps",
    "operator_inputs",
    "shapes",
    "tensors",
    "training_runs",
]
