"""Making tensors: from data (data.py), of one value or in steps (values.py), and at random (drawn.py).

The methods of Tensor that make others or fill it at random are in methods.py.
"""

from ..functions import later, methods_in
from .data import *  # noqa: F403

# A file is imported when one of its names is first asked for.
LATER = {
    "drawn": "bernoulli multinomial normal rand rand_like randint randint_like randn randn_like randperm",
    "values": "arange empty empty_like eye full full_like linspace ones ones_like zeros zeros_like",
}

_NAMES = (
    "uniform_", "normal_", "bernoulli_", "random_", "exponential_", "new_tensor", "new_full", "new_zeros", "new_ones",
    "new_empty", "bernoulli", "multinomial",
)  # fmt: skip
_methods = methods_in(f"{__name__}.methods", _NAMES)
for _name in _NAMES:
    later(_name, _methods, _name)
