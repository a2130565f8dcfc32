"""torch.func: functions that return the gradient, Jacobian or Hessian of a function, and modules as pure functions.

No `requires_grad` and no `.grad` is needed: `grad(f)(x)` is the gradient of f at x.
"""

from .ensembles import stack_module_state as stack_module_state
from .functional_call import functional_call as functional_call
from .jacobians import hessian as hessian
from .jacobians import jacfwd as jacfwd
from .jacobians import jacrev as jacrev
from .linear import linearize as linearize
from .mapping import vmap as vmap
from .transforms import grad as grad
from .transforms import grad_and_value as grad_and_value
from .transforms import jvp as jvp
from .transforms import vjp as vjp

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize",
    "stack_module_state", "vjp", "vmap",
]  # fmt: skip
