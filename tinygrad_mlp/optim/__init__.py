"""Optimisers, which update parameters from their gradients: SGD, Adam, AdamW (torch.optim).

`Optimizer` is their base class; a subclass writes the update of one parameter, and the rest is shared.
"""

from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
