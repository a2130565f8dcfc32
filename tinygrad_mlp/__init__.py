"""The autograd you can read: PyTorch's MLP world on plain NumPy arrays.

`import tinygrad_mlp as torch`: the names below mean what they mean in torch.
"""

# ruff: noqa: I001 (`name as name` marks what is offered to type checkers, many in one statement)
from __future__ import annotations

import importlib as _importlib
import sys as _sys
import typing as _typing

from . import absent as _absent
from . import autograd as autograd
from .arrays import dtypes as dtypes
from .autograd import (
    enable_grad as enable_grad,
    is_grad_enabled as is_grad_enabled,
    inference_mode as inference_mode,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd.anomaly_mode import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
    is_anomaly_enabled as is_anomaly_enabled,
    set_anomaly_enabled as set_anomaly_enabled,
)
from .autograd.grad_mode import is_inference_mode_enabled as is_inference_mode_enabled
from .autograd.inference import is_inference as is_inference
from .tensor.composite import LATER as _composite
from .tensor.creation import LATER as _creation
from .tensor.creation.data import as_tensor as as_tensor, from_numpy as from_numpy, tensor as tensor
from .arrays.dtypes import (
    bfloat16 as bfloat16,
    cdouble as cdouble,
    cfloat as cfloat,
    chalf as chalf,
    complex32 as complex32,
    complex64 as complex64,
    complex128 as complex128,
    double as double,
    float as float,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    get_default_dtype as get_default_dtype,
    half as half,
    int as int,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    long as long,
    set_default_dtype as set_default_dtype,
    short as short,
    uint8 as uint8,
    uint16 as uint16,
    uint32 as uint32,
    uint64 as uint64,
)
from .arrays import (
    contiguous_format as contiguous_format,
    device as device,
    dtype as dtype,
    keep_freed_memory as _keep_freed_memory,
    layout as layout,
    memory_format as memory_format,
    preserve_format as preserve_format,
    sparse_coo as sparse_coo,
    sparse_csr as sparse_csr,
    strided as strided,
)
from .random import (
    Generator as Generator,
    default_generator as default_generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from .tensor import (
    Size as Size,
    Tensor as Tensor,
    on_a_tensor as _on_a_tensor,
)
from .tensor.later import later as _later, methods_in as _methods_in
from .tensor.namespace import NAMES as _names_of_rows, function_of_torch as _function_of_torch

if _typing.TYPE_CHECKING:
    from . import distributions as distributions, fft as fft, func as func, linalg as linalg, nn as nn, optim as optim
    from . import overrides as overrides, return_types as return_types, serialization as serialization
    from . import sparse as sparse, special as special, types as types, utils as utils
    from .alias import install_as_torch as install_as_torch
    from .compiler import compile as compile
    from .func import vmap as vmap
    from .tensor.composite.arithmetic import *  # noqa: F403
    from .tensor.composite.conversion import *  # noqa: F403
    from .tensor.composite.einsum import *  # noqa: F403
    from .tensor.composite.elements import *  # noqa: F403
    from .tensor.composite.indexed import *  # noqa: F403
    from .tensor.composite.joining import *  # noqa: F403
    from .tensor.composite.lu import *  # noqa: F403
    from .tensor.composite.ordering import *  # noqa: F403
    from .tensor.composite.products import *  # noqa: F403
    from .tensor.composite.pointwise import *  # noqa: F403
    from .tensor.composite.reductions import *  # noqa: F403
    from .tensor.composite.shapes import *  # noqa: F403
    from .tensor.composite.splits import *  # noqa: F403
    from .tensor.composite.statistics import *  # noqa: F403
    from .tensor.creation.buffers import *  # noqa: F403
    from .tensor.creation.drawn import *  # noqa: F403
    from .tensor.creation.sampled import *  # noqa: F403
    from .tensor.creation.typed import *  # noqa: F403
    from .tensor.creation.values import *  # noqa: F403
    from .arrays.limits import finfo as finfo, iinfo as iinfo
    from .serialization import load as load, save as save
    from .settings import *  # noqa: F403
    from .tensor.composite.questions import *  # noqa: F403
    from .tensor.memory.storage import TypedStorage as TypedStorage, UntypedStorage as UntypedStorage
    from .tensor.printing import set_printoptions as set_printoptions

_keep_freed_memory()

__version__ = "2.13.0+tinygrad_mlp.0.1.0"  # torch's, for programs that ask, then the package's own

bool = dtypes.bool_
e, pi, inf, nan = 2.718281828459045, 3.141592653589793, 1e400, 1e400 - 1e400
newaxis = None

# Torch has these methods as functions, too: some operators in place, and other names of operators.
_METHODS = (
    "divide", "subtract",
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_",
    "as_strided_", "asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_",
    "cos_", "cosh_", "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_", "fix_", "floor_",
    "frac_", "gcd_", "i0_", "index_put_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_",
    "nan_to_num_", "neg_", "negative_", "rad2deg_", "reciprocal_", "relu_", "resize_as_", "round_", "rsqrt_",
    "sigmoid_", "sin_", "sinc_", "sinh_", "sqrt_", "square_", "tan_", "tanh_", "trunc_", "xlogy_", "zero_",
)  # fmt: skip
_ON_TENSORS = ("detach_", "fill_", "resize_as_", "zero_")  # no rows, which look at their arguments themselves
is_inference = _on_a_tensor(is_inference)


# Sparse tensors stand on a floor above the tensors that are made sparse.
for _name in ("to_sparse", "to_sparse_csr"):
    _later(_name, _methods_in(f"{__name__}.sparse.making", "to_sparse", "to_sparse_csr"), _name)

# The tape is shown by a floor above autograd, where a user of torch would look for it.
autograd.names_from_above |= dict.fromkeys(("tape", "backward_steps"), f"{__name__}.viz")
autograd.names_from_above["profiler"] = __name__
autograd.names_from_above["TensorAdapter"] = f"{__name__}.viz.array_view"  # for treescope


# Settings of the process.
_settings = (
    "are_deterministic_algorithms_enabled", "compiled_with_cxx11_abi", "get_default_device",
    "get_deterministic_debug_mode", "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_device",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
)  # fmt: skip

# Rooms that not every program enters are imported when they are first asked for; and names, from where they stand.
_ROOMS = frozenset((
    "compiler", "distributions", "fft", "func", "linalg", "nn", "optim", "overrides", "quasirandom", "return_types",
    "serialization", "sparse", "special", "testing", "types", "utils", "viz",
))  # fmt: skip
_NAMES = {"compile": ".compiler", "install_as_torch": ".alias", "set_printoptions": ".tensor.printing", "vmap": ".func"}
_NAMES |= dict.fromkeys(("finfo", "iinfo"), ".arrays.limits")
_NAMES |= dict.fromkeys(("TypedStorage", "UntypedStorage"), ".tensor.memory.storage")
_NAMES |= dict.fromkeys(("load", "save"), ".serialization")
_NAMES |= dict.fromkeys(("dsmm", "sparse_coo_tensor", "sparse_csr_tensor"), ".sparse")
_NAMES |= dict.fromkeys(_settings, ".settings")
_NAMES |= dict.fromkeys(
    (f"sparse_{kind}_tensor" for kind in ("bsc", "bsr", "compressed", "csc")), ".absent.sparse_tensors"
)
_NAMES |= {"Future": ".absent.futures", "OutOfMemoryError": ".absent.cuda"}
_NAMES |= dict.fromkeys(
    (
        "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
        "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "is_autocast_cache_enabled",
        "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_cpu_dtype",
        "set_autocast_cpu_enabled", "set_autocast_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype",
    ),
    ".absent.autocast",
)  # fmt: skip
_NAMES |= dict.fromkeys(
    (
        "alpha_dropout", "bilinear", "celu", "celu_", "cosine_similarity", "dropout", "feature_alpha_dropout",
        "group_norm", "layer_norm", "pairwise_distance", "pdist", "rms_norm", "rrelu", "rrelu_", "selu", "selu_",
        "threshold", "threshold_",
    ),
    ".nn.functional",
)  # fmt: skip
_FILES = {
    name: f".tensor.{folder}.{file}"
    for folder, files in (("composite", _composite), ("creation", _creation))
    for file, (names, _) in files.items()
    for name in names.split()
}


def __getattr__(name: str) -> _typing.Any:
    if name in _ROOMS:
        return _importlib.import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(_importlib.import_module(_NAMES[name], __name__), name)
    if name == "__all__":
        return sorted(each for each in {*globals(), *_FILES, *_names_of_rows, *_METHODS} if not each.startswith("_"))
    if name in _FILES:
        found = getattr(_importlib.import_module(_FILES[name], __name__), name)
    elif name in _METHODS:
        found = _on_a_tensor(getattr(Tensor, name)) if name in _ON_TENSORS else getattr(Tensor, name)
    elif name in _names_of_rows:  # unless a function above has the name of a row (`max`, or `add` with its alpha)
        found = _function_of_torch(name)
    elif _absent.is_absent(name):
        return _importlib.import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=_sys.modules[__name__])
    return globals().setdefault(name, found)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, *_NAMES, *_FILES, *_names_of_rows, *_METHODS, *_absent.modules_in("")})
