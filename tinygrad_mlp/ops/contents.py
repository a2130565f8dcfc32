"""The table of contents of the derivative table: which rows stand in which file.

It is there so that a file is imported when a program first asks for one of its rows, and not before. For each file come
the rows that are methods of Tensor, then the others. `add_` means that there is the row `add`, and that it works in
place as well.
"""

from __future__ import annotations

FILES = {
    "activations": (
        "sigmoid_ logit_ relu_",
        "threshold_backward hardtanh_backward leaky_relu_backward log_sigmoid_backward logsigmoid silu leaky_relu "
        "threshold hardtanh elu celu softplus mish hardsigmoid hardswish glu gelu_backward gelu",
    ),
    "arithmetic": (
        "floor_divide_ remainder_ fmod_ pow_ atan2_ hypot_ logaddexp xlogy_ addcmul_ addcdiv_ lerp_",
        "div_rounded",
    ),
    "basic": ("add_ sub_ mul_ div_ sum", "rsub"),
    "comparison": (
        "maximum minimum where clamp_ masked_fill_ clamp_min_ clamp_max_ eq_ ne_ lt_ le_ gt_ ge_ logical_not_ "
        "logical_and_ logical_or_ logical_xor_ bitwise_not_ bitwise_and_ bitwise_or_ bitwise_xor_",
        "",
    ),
    "diagonals": ("diagonal diag_embed trace", ""),
    "extremes": ("amax amin max_dim min_dim argmax argmin", "max_all min_all"),
    "fitting": ("expand cast", ""),
    "indexing": (
        "gather scatter_add_ index_select take masked_select index_add_",
        "put_at getitem put_ assign_ fill_ zero_",
    ),
    "linalg": ("mm matmul dot mv bmm addmm_", "linear"),
    "losses": (
        "",
        "mse_loss smooth_l1_loss huber_loss binary_cross_entropy_backward binary_cross_entropy "
        "binary_cross_entropy_with_logits nll_loss",
    ),
    "masking": ("", "keep"),
    "normalization": ("", "layer_norm batch_norm"),
    "norms": ("", "vector_norm"),
    "pointwise": (
        "neg_ sign_ abs_ floor_ ceil_ trunc_ round_ frac_ clone square_ sqrt_ rsqrt_ reciprocal_ exp_ exp2_ expm1_ "
        "log_ log2_ log10_ log1p_ sin_ cos_ tan_ asin_ acos_ atan_ sinh_ cosh_ tanh_ asinh_ acosh_ atanh_ erf_ erfc_ "
        "sinc_ isnan isinf isfinite",
        "contiguous_clone",
    ),
    "reduction": ("mean prod all any var std logsumexp softmax log_softmax cumsum_ cumprod_", ""),
    "shape": ("reshape flatten transpose t permute squeeze unsqueeze flip roll repeat cat stack triu_ tril_", ""),
    "slices": ("narrow select", "unslice slice_along alias unindex as_strided"),
    "sorting": ("sort topk", ""),
}

HOMES = {name.rstrip("_"): file for file, names in FILES.items() for name in " ".join(names).split()}
METHODS = [name.rstrip("_") for methods, _ in FILES.values() for name in methods.split()]
IN_PLACE = [name for names in FILES.values() for name in " ".join(names).split() if name.endswith("_")]
ROWS = list(HOMES)
