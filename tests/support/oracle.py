"""Torch as the oracle: it calls a row and its counterpart in torch with the same arguments and compares what they do.

Torch is only needed for tests, so it is not imported before the first comparison.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_mlp.ops import Operator
from tinygrad_mlp.ops.index_refusals import REDUCE_OF_ZEROS_TWICE
from tinygrad_mlp.ops.indexing import is_basic
from tinygrad_mlp.tensor import FUNCTIONS, Tensor, wrap

Call = Callable[..., Any]


def torch() -> Any:
    """The module `torch`, imported when this is first called."""
    import torch

    return torch


# -- the counterpart of a row ----------------------------------------------------------------------

# What stands in torch for a row whose name or signature is another there.
COUNTERPARTS: dict[str, Call] = {
    "alias": lambda x: x[...],
    "amax": lambda x, dim=(), keepdim=False: torch().amax(x, dim, keepdim),
    "amin": lambda x, dim=(), keepdim=False: torch().amin(x, dim, keepdim),
    "as_strided": lambda x, size, stride, offset, own: torch().as_strided(x, size, stride, offset),
    "batch_norm": lambda x, weight=None, bias=None, mean=None, variance=None, eps=1e-5: (
        torch().nn.functional.batch_norm(x, mean, variance, weight, bias, mean is None, 0.0, eps)
    ),
    "binary_cross_entropy_backward": lambda g, x, y, weight=None, reduction="mean": (
        torch().ops.aten.binary_cross_entropy_backward(g, x, y, weight, ["none", "mean", "sum"].index(reduction))
    ),
    "assign": lambda x, src: x.clone().copy_(src if isinstance(src, torch().Tensor) else torch().tensor(src)),
    "binary_cross_entropy_with_logits": lambda *args, **options: torch().nn.functional.binary_cross_entropy_with_logits(
        *args, **options
    ),
    "block_diag": lambda xs: torch().block_diag(*xs),
    "cast": lambda x, dtype: x.to(dtype),
    "clamp": lambda x, min=None, max=None: _clamped(x, min, max),
    "contiguous_clone": lambda x: x.clone(memory_format=torch().contiguous_format),
    "differentiable_once": lambda x: _once().apply(x),
    "discrete_fourier": lambda x, imag=None, dim=-1, inverse=False: _transformed(x, imag, dim, inverse),
    "div_rounded": lambda x, y, mode: torch().div(x, y, rounding_mode=mode),
    "embedding_bag": lambda *args, **options: _bag(*args, **options),
    "elu": lambda x, alpha=1.0, scale=1.0: torch().ops.aten.elu(x, alpha, scale),
    "gelu_backward": lambda g, x, approximate: torch().ops.aten.gelu_backward(g, x, approximate=approximate),
    "getitem": lambda x, index: x[index],
    "linalg_diagonal": lambda x, offset=0, dim1=-2, dim2=-1: torch().linalg.diagonal(
        x, offset=offset, dim1=dim1, dim2=dim2
    ),
    "linalg_solve_triangular": lambda x, b, upper, left=True, unitriangular=False: torch().linalg.solve_triangular(
        x, b, upper=upper, left=left, unitriangular=unitriangular
    ),
    "log_sigmoid_backward": lambda g, x: torch().ops.aten.log_sigmoid_backward(g, x, torch().exp(-x.detach().abs())),
    "max_all": lambda x: torch().max(x),
    "keep": lambda x, mask: torch().where(mask, x, 0),
    "max_dim": lambda x, dim, keepdim=False: torch().max(x, dim, keepdim),
    "median_all": lambda x: torch().median(x),
    "median_dim": lambda x, dim, keepdim=False: torch().median(x, dim, keepdim),
    "min_all": lambda x: torch().min(x),
    "min_dim": lambda x, dim, keepdim=False: torch().min(x, dim, keepdim),
    "nanmedian_all": lambda x: torch().nanmedian(x),
    "nanmedian_dim": lambda x, dim, keepdim=False: torch().nanmedian(x, dim, keepdim),
    "pow": lambda x, y: torch().pow(x, float(y) if y is False and _is_floating(x) else y),  # x ** False: nan at 0
    "prod": lambda x, dim=None, keepdim=False: torch().prod(x) if dim is None else torch().prod(x, dim, keepdim),
    "put": lambda x, index, value: _put(x.clone(), index, value),
    "put_added": lambda x, index, value: x.index_put(index, value, True),
    "put_at": lambda x, shape, index: _added(x, shape, index),
    **{
        name: lambda x, pad, name=name: getattr(torch().ops.aten, name)(x, pad)
        for name in (f"{kind}_pad{n}d" for kind in ("reflection", "replication") for n in (1, 2, 3))
    },
    "scatter_combined": lambda x, dim, index, src, reduce: x.scatter(dim, index, src, reduce=reduce),
    "scatter_reduce": lambda x, dim, index, src, reduce, include_self=True: x.scatter_reduce(
        dim, index, src, reduce, include_self=include_self
    ),
    "slice_along": lambda x, dim, index: x[(*(slice(None),) * (dim % x.ndim), index)],
    "std": lambda *args, **options: _spread("std")(*args, **options),
    "var": lambda *args, **options: _spread("var")(*args, **options),
    "unique_all": lambda x, **options: torch().unique(x, **options),
    "unique_dim": lambda x, dim, **options: torch().unique(x, dim=dim, **options),
    "unique_runs": lambda x, dim=None, **options: torch().unique_consecutive(x, dim=dim, **options),
    "unindex": lambda x, shape, index: torch().zeros(shape, dtype=x.dtype).index_put(index, x, True),
    "unfold": lambda x, dimension, size, step: x.unfold(dimension, size, step),
    "unpad": lambda g, x, pad, reflects: getattr(
        torch().ops.aten, f"{'reflection' if reflects else 'replication'}_pad{len(pad) // 2}d_backward"
    )(g, x, pad),
    "unslice": lambda x, shape, index: _put(torch().zeros(shape, dtype=x.dtype), index, x),
    "hardshrink_backward": lambda g, x, lambd: torch().ops.aten.hardshrink_backward(g, x, lambd),
    "softshrink_backward": lambda g, x, lambd: torch().ops.aten.softshrink_backward(g, x, lambd),
    "nll_loss_backward": lambda *args, **options: _nll_backward(*args, **options),
    "prelu_kernel_backward": lambda g, x, weight: torch().ops.aten._prelu_kernel_backward(g, x, weight)[0],
    "prelu_kernel": lambda x, weight: torch()._prelu_kernel(x, weight),
    "rrelu_with_noise": lambda x, noise: x * noise,  # torch's own draws the noise
    "rrelu_with_noise_backward": lambda g, x, noise: torch().ops.aten.rrelu_with_noise_backward(
        g, x, noise, 0.1, 0.3, True, False
    ),
    "hardtanh_backward": lambda g, x, low, high: torch().ops.aten.hardtanh_backward(g, x, low, high),
    "leaky_relu_backward": lambda g, x, slope: torch().ops.aten.leaky_relu_backward(g, x, slope, False),
    "threshold_backward": lambda g, x, threshold=0: torch().ops.aten.threshold_backward(g, x, threshold),
    "trilinear": lambda x, weight, y: torch().nn.functional.bilinear(x, y, weight),
    "zero": lambda x: x.clone().zero_(),
}


def counterpart(row: Operator) -> Call:
    """The torch function that a row shall agree with. LookupError if none is known."""
    if row.name in COUNTERPARTS:
        return COUNTERPARTS[row.name]
    room, _, name = row.name.partition("_")
    if room in ("special", "linalg"):
        return getattr(getattr(torch(), room), name)  # type: ignore[no-any-return]
    for home in (torch(), torch().nn.functional, torch().Tensor):
        if hasattr(home, row.name):
            return getattr(home, row.name)  # type: ignore[no-any-return]
    raise LookupError(f"torch has no {row.name}; say in support.oracle.COUNTERPARTS what stands for it")


def _transformed(x: Any, imag: Any, dim: int, inverse: bool) -> Any:
    """The parts of torch's Fourier transform of complex numbers given by theirs."""
    z = x if imag is None else torch().complex(*torch().broadcast_tensors(*_floating_alike(x, imag)))
    found = torch().fft.ifft(z, dim=dim, norm="forward") if inverse else torch().fft.fft(z, dim=dim)
    return found.real, found.imag


def _floating_alike(x: Any, y: Any) -> tuple[Any, Any]:
    dtype = torch().result_type(x, y)
    if dtype is torch().float16:
        torch().fft.fft(x.to(dtype))  # of two parts, the refusal is an accident of the library that computes it
    dtype = dtype if dtype.is_floating_point else torch().get_default_dtype()
    return x.to(dtype), y.to(dtype)


def _clamped(x: Any, low: Any, high: Any) -> Any:
    """torch.clamp of an expanded x: its backward fails if one bound broadcasts to a larger shape than the other."""
    bounds = [b for b in (low, high) if isinstance(b, torch().Tensor)]
    if len(bounds) == 2 and torch().is_grad_enabled() and any(b.requires_grad for b in (x, *bounds)):
        x = x.expand(torch().broadcast_shapes(*(b.shape for b in (x, *bounds))))
    return torch().clamp(x, low, high)


def _spread(name: str) -> Call:
    """torch.var or torch.std with None for an empty list of dimensions, for which torch's own gradients are wrong:
    they are those of a single element.
    """

    def call(x: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
        return getattr(torch(), name)(x, None if dim == [] else dim, correction=correction, keepdim=keepdim)

    return call


def _nll_backward(
    g: Any, x: Any, target: Any, weight: Any = None, reduction: str = "mean", ignore_index: int = -100
) -> Any:
    kept = target[target != ignore_index]
    total = x.new_tensor(float(len(kept))) if weight is None else weight[kept].sum()
    number = ["none", "mean", "sum"].index(reduction)
    return torch().ops.aten.nll_loss_backward(g, x, target, weight, number, ignore_index, total)


def _bag(
    weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: str = "mean",
    per_sample_weights: Any = None, include_last_offset: bool = False, padding_idx: int = -1,
) -> Any:  # fmt: skip
    result, _, sizes, found = torch().embedding_bag(
        weight, indices, offsets, scale_grad_by_freq, ["sum", "mean", "max"].index(mode), False, per_sample_weights,
        include_last_offset, None if padding_idx < 0 else padding_idx,
    )  # fmt: skip
    return result, torch().where(sizes[:, None] == 0, -1, found) if mode == "max" else torch().zeros(0).long()


def _is_floating(x: Any) -> bool:
    return isinstance(x, torch().Tensor) and bool(x.is_floating_point())


def _once() -> Any:
    """A function of torch's that gives its input, and refuses to be differentiated."""

    class Once(torch().autograd.Function):  # type: ignore[misc,name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise RuntimeError(REDUCE_OF_ZEROS_TWICE)

    return Once


def _put(x: Any, index: Any, value: Any) -> Any:
    x[index] = value
    return x


def _added(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    """Zeros of a shape to which x is added at an index, repeated indices adding up."""
    if is_basic(index):
        return _put(torch().zeros(shape, dtype=x.dtype), index, x)
    places = np.arange(int(np.prod(shape))).reshape(shape)[to_numpy(index)]
    zeros = torch().zeros(int(np.prod(shape)), dtype=x.dtype)
    return zeros.index_put((torch().from_numpy(np.array(places)),), x, True).reshape(shape)


# -- from NumPy to torch and back ------------------------------------------------------------------


def to_torch(x: Any) -> Any:
    """An argument for torch: arrays become tensors with the same strides, NumPy's dtypes become torch's."""
    if isinstance(x, np.ndarray):
        repeated = tuple(
            slice(0, 1) if stride == 0 and n > 1 else slice(None) for n, stride in zip(x.shape, x.strides, strict=True)
        )
        once = x[repeated] if x.dtype.itemsize <= 8 else x[repeated].astype(np.float64)  # torch has no longdouble
        tensor = torch().from_numpy(np.copy(once, order="C"))
        strides = [stride // once.itemsize for stride in once.strides]
        if once.size and once.ndim:
            tensor = torch().empty_strided(once.shape, strides, dtype=tensor.dtype).copy_(tensor)
        return tensor.expand(x.shape)
    if isinstance(x, np.dtype):
        return getattr(torch(), x.name)
    if isinstance(x, (list, tuple)):
        return type(x)(to_torch(part) for part in x)
    return x


def changed(x: Any, change: Call) -> Any:
    """An argument in which each floating array is replaced by what `change` makes of it."""
    if isinstance(x, (list, tuple)):
        return type(x)(changed(part, change) for part in x)
    return change(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def to_numpy(x: Any) -> Any:
    """A result or an argument, ours or torch's, in which each tensor is replaced by its array."""
    if isinstance(x, Tensor):
        return x.array
    if isinstance(x, (list, tuple)):
        return tuple(to_numpy(part) for part in x)
    return x.numpy(force=True) if hasattr(x, "detach") else x


def leaves(
    row: Operator, args: Sequence[Any], needs: Callable[[], bool]
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """The arguments as our tensors and as torch's, then the leaves among them, ours and torch's in the same order.

    A differentiable floating argument becomes a leaf if `needs()`, which is called for each, is true.
    """
    ours, theirs = list(args), [to_torch(x) for x in args]
    pairs = []
    for i in row.tensors:
        several = row.listed and i == 0
        for k, x in enumerate(args[i] if several else (args[i],)):
            if not isinstance(x, np.ndarray):
                continue
            mine, other = wrap(x), theirs[i][k] if several else theirs[i]
            if several:
                ours[i] = [*ours[i][:k], mine, *ours[i][k + 1 :]]
            else:
                ours[i] = mine
            if (i in row.differentiable or row.inplace) and x.dtype.kind == "f" and needs():
                pairs.append((mine.requires_grad_(), other.requires_grad_()))
    return ours, theirs, [a for a, _ in pairs], [b for _, b in pairs]


def call_ours(row: Operator, args: Sequence[Any]) -> Any:
    """Call the function of a row."""
    return FUNCTIONS[row.name](*args)


def call_torch(row: Operator, args: Sequence[Any], function: Call | None = None) -> Any:
    """Call a row's counterpart, or `function`. Arguments at the end that have their default values are left out."""
    required = len(row.parameters) - len(row.defaults)
    given = len(args)
    while given > required and args[given - 1] is row.defaults[given - 1 - required]:
        given -= 1
    return (function or counterpart(row))(
        *args[:required], **dict(zip(row.parameters[required:given], args[required:given], strict=True))
    )


def outcome(function: Call, *args: Any) -> Any:
    """The result of a call, or the exception that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            return function(*args)
        except Exception as error:
            return error


# -- agreement -------------------------------------------------------------------------------------


def magnitude(*values: Any) -> float:
    """The largest finite absolute value in arrays, numbers and lists of them."""
    largest = 0.0
    for x in values:
        if isinstance(x, (list, tuple)):
            largest = max(largest, magnitude(*x))
        elif isinstance(x, (np.ndarray, float, int)):
            finite = np.abs(np.asarray(x, float))
            finite = finite[np.isfinite(finite)]
            largest = max(largest, float(finite.max()) if finite.size else 0.0)
    return largest


def assert_same(
    ours: Any,
    theirs: Any,
    what: str,
    *,
    rtol: float = 0.0,
    scale: float = 0.0,
    signs: bool = False,
    noise: Callable[[], tuple[Any, float]] | None = None,
) -> None:
    """AssertionError unless two arrays have the same shape, dtype and elements.

    Elements may differ by `rtol` times the larger of their own size and `scale`, which is the size of the terms that
    they are sums of. nan is equal to nan, an infinity only to itself, and with `signs` -0 is not equal to 0. For
    elements that differ by more, `noise` may return the true values and torch's error: ours may be TIMES_NOISE times
    as large.
    """
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, torch {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, torch {theirs.dtype}"
    same = np.isclose(ours, theirs, rtol=rtol, atol=rtol * scale, equal_nan=True) if rtol else (
        (ours == theirs) | ((ours != ours) & (theirs != theirs))
    )  # fmt: skip
    said = ""
    if noise is not None and rtol and not same.all():
        truth, error = noise()
        same |= np.isfinite(theirs) & np.isclose(ours, truth, rtol=rtol, atol=rtol * scale + TIMES_NOISE * error)
        said = f" (torch's own error is {error})"
    if signs and ours.dtype.kind == "f":
        same &= (ours != 0) | (theirs != 0) | (np.signbit(ours) == np.signbit(theirs))
    places = np.argwhere(~same).tolist()
    assert not places, f"{what}: {ours.tolist()}, torch {theirs.tolist()}, differs at {places}{said}"


def assert_same_refusal(ours: Any, theirs: Exception, what: str, words: int = 3) -> None:
    """AssertionError unless `ours` is an exception of torch's type whose text begins with the same words."""
    shown = ours if isinstance(ours, Exception) else f"returned {ours!r}"
    assert type(ours) is type(theirs), f"{what}: {shown!r}, torch {theirs!r}"
    mine, other = (re.sub(r'^"\w+"', '"a kernel"', str(error)).split()[:words] for error in (ours, theirs))
    assert mine == other, f"{what}: {shown!r}, torch {theirs!r}"


RTOL = {"float16": 1e-2, "float32": 1e-5, "float64": 1e-12}
TIMES_NOISE = 4
RTOL_SECOND = {"float16": 1e-1, "float32": 1e-4, "float64": 1e-9}


def outputs(x: Any) -> list[Any]:
    """The outputs of an operator as a list."""
    return list(x) if isinstance(x, (tuple, list)) else [x]
