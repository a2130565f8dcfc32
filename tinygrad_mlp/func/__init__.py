"""torch.func: functions that return the gradient, Jacobian or Hessian of a function, and modules as pure functions.

No `requires_grad` and no `.grad` is needed: `grad(f)(x)` is the gradient of f at x.
"""

from .functional_call import functional_call as functional_call
from .linear import linearize as linearize
from .transforms import grad as grad
from .transforms import grad_and_value as grad_and_value
from .transforms import hessian as hessian
from .transforms import jacfwd as jacfwd
from .transforms import jacrev as jacrev
from .transforms import jvp as jvp
from .transforms import vjp as vjp
from .vmap import vmap as vmap

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp", "vmap"]
