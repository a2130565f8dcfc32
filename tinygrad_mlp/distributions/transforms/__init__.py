"""Transforms of values, with the logarithm of their Jacobian: those that torch.distributions.transforms has.

base.py: the class and the inverse; elementwise.py: of each number; vectors.py: of vectors and matrices; combined.py:
transforms made of others.
"""

from .base import Transform, _InverseTransform
from .combined import CatTransform, ComposeTransform, IndependentTransform, StackTransform, identity_transform
from .elementwise import (
    AbsTransform,
    AffineTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    SoftplusTransform,
    TanhTransform,
)
from .vectors import (
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    ReshapeTransform,
    SoftmaxTransform,
    StickBreakingTransform,
)

__all__ = [
    "AbsTransform", "AffineTransform", "CatTransform", "ComposeTransform", "CorrCholeskyTransform",
    "CumulativeDistributionTransform", "ExpTransform", "IndependentTransform", "LowerCholeskyTransform",
    "PositiveDefiniteTransform", "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform",
    "SoftplusTransform", "StackTransform", "StickBreakingTransform", "TanhTransform", "Transform",
    "_InverseTransform", "identity_transform",
]  # fmt: skip

for _name in __all__:  # torch has them all in one file
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
