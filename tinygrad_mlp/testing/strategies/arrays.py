"""Strategies of arrays and of tensors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...tensor import Tensor, wrap
from . import numbers
from .layouts import LAYOUTS, drawn_from, laid_out, layouts_of
from .shapes import Shape, shapes

Dtypes = Any  # a dtype of ours, of torch's or of NumPy's, its name, a sequence of these, or a strategy of them


class Options(NamedTuple):
    """What an array may be: the arguments of `arrays`, looked through."""

    dtypes: tuple[Any, ...] = (np.dtype("float32"),)
    awkward: tuple[str, ...] = numbers.AWKWARD
    layouts: tuple[str, ...] = LAYOUTS
    elements: Any = None
    empty: bool = True


def options(
    dtype: Dtypes,
    elements: SearchStrategy[Any] | None,
    awkward: bool | str | Collection[str],
    finite: bool,
    empty: bool,
    layouts: str | Collection[str] | None,
) -> Options:
    """The Options that the arguments of a strategy ask for. ValueError for words that are unknown."""
    kinds = numbers.kinds(awkward, finite)
    several = dtype if isinstance(dtype, (list, tuple)) else [dtype]
    return Options(tuple(numpy_dtype(x) for x in several), kinds, layouts_of(layouts, kinds), elements, empty)


def numpy_dtype(dtype: Any) -> Any:
    """NumPy's dtype for one of ours, of torch's, of NumPy's, or its name."""
    try:
        return np.dtype(dtype)
    except TypeError:
        return np.dtype(str(dtype).removeprefix("torch."))


def draw_array(draw: Any, shape: Shape, wanted: Options) -> Any:
    """Draw an array of a shape: its dtype, its elements, and how they lie in memory."""
    dtype = draw(st.sampled_from(wanted.dtypes)) if len(wanted.dtypes) > 1 else wanted.dtypes[0]
    if wanted.elements is not None:
        array = draw(numbers.filled(dtype, shape, wanted.elements))
    else:
        array = numbers.array(draw, dtype, shape, wanted.awkward)
    return lay_out(draw, array, wanted)


def lay_out(draw: Any, array: Any, wanted: Options) -> Any:
    """Draw how an array lies in memory."""
    if not array.ndim or len(wanted.layouts) == 1:
        return laid_out(array, wanted.layouts[0])
    return laid_out(array, draw(drawn_from(wanted.layouts)))


def arrays(
    dtype: Dtypes = "float32",
    shape: int | Sequence[int] | SearchStrategy[Shape] | None = None,
    elements: SearchStrategy[Any] | None = None,
    *,
    awkward: bool | str | Collection[str] = True,
    finite: bool = False,
    empty: bool = True,
    layouts: str | Collection[str] | None = None,
) -> SearchStrategy[Any]:
    """Arrays that shrink to the smallest shape, to the plainest numbers (0 and 1) and to contiguous memory.

    `dtype` is a dtype, its name, a list of several, or a strategy. `shape` is a shape or a strategy; without it any of
    up to three dimensions. `elements` is a strategy of numbers; without it they are plain, random, small, large or
    awkward. `awkward` names the kinds of awkward numbers that shall come, of AWKWARD: True is all of them, and with
    False no element is 0, none is equal to another, and the memory is contiguous. With `finite` neither infinity nor
    nan comes. With `empty` False each array that `shape` does not make empty has an element. `layouts` names those
    that shall come, of LAYOUTS; in the last two elements share memory. ValueError for unknown words.
    """
    known = "float32" if isinstance(dtype, SearchStrategy) else dtype
    wanted = options(known, elements, awkward, finite, empty, layouts)
    sizes = shapes(empty=empty) if shape is None else shape
    if not isinstance(sizes, SearchStrategy):
        sizes = st.just((sizes,) if isinstance(sizes, int) else tuple(sizes))
    return _arrays(dtype if isinstance(dtype, SearchStrategy) else None, sizes, wanted)


@st.composite
def _arrays(draw: Any, dtype: Any, shape: Any, wanted: Options) -> Any:
    if dtype is not None:
        wanted = wanted._replace(dtypes=(numpy_dtype(draw(dtype)),))
    return draw_array(draw, draw(shape), wanted)


def tensors(
    dtype: Dtypes = "float32",
    shape: int | Sequence[int] | SearchStrategy[Shape] | None = None,
    elements: SearchStrategy[Any] | None = None,
    *,
    requires_grad: bool = False,
    awkward: bool | str | Collection[str] = True,
    finite: bool = False,
    empty: bool = True,
    layouts: str | Collection[str] | None = None,
) -> SearchStrategy[Tensor]:
    """Tensors over arrays as by `arrays`, which takes the same arguments.

    With `requires_grad` those of floating dtypes are leaves that require grad.
    """

    def tensor(array: Any) -> Tensor:
        made = wrap(array)
        return made.requires_grad_() if requires_grad and array.dtype.kind == "f" else made

    return arrays(dtype, shape, elements, awkward=awkward, finite=finite, empty=empty, layouts=layouts).map(tensor)
