"""The autograd you can read: PyTorch's MLP world on plain NumPy arrays.

`import tinygrad_mlp as torch`: the names below mean what they mean in torch.
"""

from __future__ import annotations

import typing as _typing
import warnings as _warnings

# Where torch gives inf or nan in silence, NumPy warns; a user's own NumPy keeps its warnings.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_mlp\.")

from . import autograd, dtypes, nn, optim, utils  # noqa: E402
from .autograd import enable_grad, is_grad_enabled, no_grad, set_grad_enabled  # noqa: E402
from .composite import *  # noqa: E402, F403
from .creation import *  # noqa: E402, F403
from .dtypes import (  # noqa: E402
    double,
    dtype,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from .dtypes import bool_ as bool  # noqa: E402
from .functions import FUNCTIONS as _functions  # noqa: E402
from .functions import TABLE as _table  # noqa: E402
from .memory import keep_freed_memory as _keep_freed_memory  # noqa: E402
from .printing import set_printoptions  # noqa: E402
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # noqa: E402
from .tensor import Size, Tensor, device  # noqa: E402

_keep_freed_memory()

e, pi, inf, nan = 2.718281828459045, 3.141592653589793, 1e400, 1e400 - 1e400

# A composite function of the same name (`max`, `add` with alpha) stands before its row.
for _name, _function in _functions.items():
    if _table[_name].method and not _name.endswith("_dim"):
        globals().setdefault(_name, _function)

if _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any: ...  # the functions of the rows
