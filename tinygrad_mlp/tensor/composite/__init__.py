"""Torch functions that need no row of their own: each is a few lines that call functions of rows.

There is a module for each kind. Functions that are methods of Tensor as well are listed in its METHODS.
"""

from __future__ import annotations

from ..functions import FUNCTIONS
from ..later import alias, later, methods_in
from ..tensor import Tensor
from . import transposed

# Functions of lists of tensors, new ones and in place, as `_foreach_sqrt` and `_foreach_sqrt_`.
_FOREACH = (
    "abs acos add addcdiv addcmul asin atan ceil clamp_max clamp_min cos cosh div erf erfc exp expm1 floor frac lerp "
    "lgamma log log10 log1p log2 maximum minimum mul neg pow reciprocal round rsqrt sigmoid sign sin sinh sqrt sub tan "
    "tanh trunc"
)

# For each file torch's functions, and the methods of Tensor. It is imported when a program first asks for one of them.
LATER = {
    "added_products": (
        "addbmm addmm addmv addr baddbmm",
        "addbmm addmm addmv addr baddbmm addbmm_ addmm_ addmv_ addr_ baddbmm_",
    ),
    "arithmetic": (
        "add addcdiv addcmul div index_add rsub sub",
        "add sub add_ sub_ addcdiv addcdiv_ addcmul addcmul_ div div_ index_add index_add_",
    ),
    "conversion": (
        "clone",
        (
            "clone to type type_as cpu cuda contiguous copy_ fill_ zero_ float double half long int short byte char "
            "bool bfloat16 chalf cfloat cdouble as_subclass"
        ),
    ),
    "einsum": ("einsum", ""),
    "elements": (
        "allclose equal is_floating_point is_tensor isclose nonzero numel result_type unravel_index where",
        "nonzero allclose isclose equal where",
    ),
    "indexed": (
        "argwhere index_put index_put_ narrow repeat_interleave scatter take_along_dim",
        "argwhere index_put index_put_ narrow repeat_interleave scatter scatter_ take_along_dim",
    ),
    "flat_indices": ("index_reduce put", "index_reduce index_reduce_ put put_"),
    "joining": (
        (
            "atleast_1d atleast_2d atleast_3d block_diag broadcast_shapes broadcast_tensors broadcast_to "
            "cartesian_prod column_stack combinations dstack hstack meshgrid row_stack tile vstack"
        ),
        "tile broadcast_to",
    ),
    "ordering": (
        "argsort bucketize msort unique unique_consecutive",
        "argsort msort unique unique_consecutive",
    ),
    "products": (
        "cross ger inner kron matmul outer tensordot",
        "cross ger inner kron matmul outer __matmul__ __rmatmul__",
    ),
    "pointwise": ("float_power positive", "positive __pos__ float_power float_power_ polygamma polygamma_"),
    "reductions": (
        "aminmax cumprod cumsum max median min nanmean nanmedian norm prod std std_mean var var_mean",
        "aminmax cumprod cumprod_ cumsum cumsum_ max median min nanmean nanmedian norm prod std var",
    ),
    "linear_algebra": (
        "cholesky logdet matrix_power pinverse qr slogdet svd vander",
        "cholesky logdet matrix_power pinverse qr slogdet svd",
    ),
    "lu": ("lu lu_solve lu_unpack triangular_solve", "lu lu_solve triangular_solve"),
    "questions": (
        (
            "_assert can_cast conj conj_physical get_device imag is_complex is_conj is_distributed is_neg is_nonzero "
            "is_same_size is_signed is_storage isreal promote_types real resolve_conj resolve_neg typename"
        ),
        (
            "conj conj_physical get_device is_complex is_conj is_distributed is_neg is_nonzero is_same_size is_signed "
            "isreal resolve_conj resolve_neg"
        ),
    ),
    "layers": ("prelu", "prelu"),
    "shapes": (
        (
            "adjoint as_strided detach diag diagflat flatten fliplr flipud moveaxis movedim ravel "
            "squeeze swapaxes swapdims unflatten"
        ),
        (
            "fill_diagonal_ fliplr flipud sum_to_size "
            "diag diagflat adjoint view flatten view_as reshape_as expand_as ravel swapaxes movedim unflatten "
            "as_strided as_strided_ squeeze moveaxis swapdims"
        ),
    ),
    "splits": (
        "chunk dsplit hsplit split split_with_sizes tensor_split unbind vsplit",
        "unbind split_with_sizes tensor_split chunk split dsplit hsplit vsplit",
    ),
    "foreach": (
        " ".join(f"_foreach_{name}" for name in ("clone copy_ max norm zero_ " + _FOREACH).split())
        + "".join(f" _foreach_{name}_" for name in _FOREACH.split()),
        "",
    ),
    "statistics": (
        "corrcoef cov cumulative_trapezoid diff nanquantile quantile trapezoid trapz",
        "corrcoef cov diff nanquantile quantile",
    ),
}


def install() -> None:
    """Give Tensor these functions as methods."""
    for file, (_, names) in LATER.items():
        methods = methods_in(f"{__name__}.{file}", *names.split())
        for name in methods:
            later(name, methods, name)
    for name, original in {
        "divide": "div", "subtract": "sub", "divide_": "div_", "subtract_": "sub_",
        "swapaxes_": "transpose_", "swapdims_": "transpose_",
    }.items():  # fmt: skip
        alias(name, original)
    later("copy", FUNCTIONS, "clone")  # NumPy's name for it, which rules use
    for name, attribute in transposed.PROPERTIES.items():
        setattr(Tensor, name, attribute)
        attribute.__set_name__(Tensor, name)  # as in a class statement: an error then says which attribute it was


install()
