"""The Kullback-Leibler divergence of two distributions, from a table of pairs to which others can be added.

registry.py: the table, and which of its functions a pair gets; same.py: two distributions of one family; other.py: of
two families.
"""

from . import other as other
from . import same as same
from .registry import _KL_REGISTRY, kl_divergence, register_kl

__all__ = ["_KL_REGISTRY", "kl_divergence", "register_kl"]
