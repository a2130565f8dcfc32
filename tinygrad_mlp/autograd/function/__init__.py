"""Function: an operator of your own, its forward and its backward written on Tensors.

For the engine it is one more node, `FunctionNode`, whose `pull` calls the user's `backward`. What forward leaves for
backward lies in the context `ctx`: an object of its own, because a user may give it any attribute, `shape` as well as
`edges`. The node holds the context; the context holds no node and no output, so nothing here is a cycle.

Behaviour and texts are those of torch 2.13's torch.autograd.Function.
"""

from .base import Function as Function
from .base import InplaceFunction as InplaceFunction
from .base import once_differentiable as once_differentiable
from .context import FunctionCtx as FunctionCtx
from .node import FunctionNode as FunctionNode

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]
