"""The vocabulary in which a row of the derivative table says how it is called: shapes, arrays and numbers to draw.

A row may have a `sample` that asks a Sampler for each argument:

    lambda s: (s.floats(shape := s.shape(1)), s.dim(shape))  # an array of at least one dimension, and a dimension

The Sampler chooses the numbers in the arrays, so the same line serves for float32, float64, mixed dtypes and integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import Operator
from ..refusals import NO_SAMPLE
from . import numbers
from .arrays import Options, draw_array, lay_out
from .layouts import LAYOUTS
from .shapes import Shape, broadcast_into, broadcastable, shapes

_sizes = {True: st.sampled_from((1, 2, 3, 2, 3, 0)), False: st.sampled_from((1, 2, 3))}  # with empty, and without
_boolean = st.booleans()


@cache
def _integers(low: int, high: int) -> Any:
    return st.integers(low, high)


class Sampler:
    """Draws arguments by the function `draw` of hypothesis; `wanted` says what the arrays may be."""

    def __init__(self, draw: Callable[[Any], Any], wanted: Options) -> None:
        self.draw = draw
        self.wanted = wanted
        self.dtypes = wanted.dtypes

    def arguments(self, row: Operator) -> tuple[Any, ...]:
        """Arguments for a row, by its `sample` or, without one, by its parameters. LookupError if neither tells."""
        if row.sample is not None:
            return tuple(row.sample(self))
        arrays = len(row.tensors)
        if arrays == 1:
            return (self.floats(self.shape()), *row.defaults)
        if arrays == 2 == len(row.parameters):
            return self.binary()
        raise LookupError(NO_SAMPLE.format(name=row.name))

    # -- shapes and dimensions ---------------------------------------------------------------------

    def choice(self, options: Sequence[Any]) -> Any:
        """One of the options."""
        return self.draw(st.sampled_from(options))

    def maybe(self, value: Any) -> Any:
        """`value` or None."""
        return value if self.boolean() else None

    def boolean(self) -> bool:
        """True or False."""
        return bool(self.draw(_boolean))

    def size(self, low: int = 0, high: int = 3) -> int:
        """An integer from `low` to `high`, both included: the size of a dimension, a count, or a position."""
        n = self.draw(_sizes[self.wanted.empty]) if (low, high) == (0, 3) else self.draw(st.integers(low, high))
        return int(n)

    def shape(self, min_ndim: int = 0, max_ndim: int = 3, *, least: int = 0) -> Shape:
        """A shape of `min_ndim` to `max_ndim` dimensions, each of size `least` to 3."""
        return tuple(
            self.draw(shapes(min_ndim, max_ndim, min_side=max(least, 1), empty=self.wanted.empty and not least))
        )

    def shapes(self, n: int, max_ndim: int = 3) -> tuple[Shape, ...]:
        """`n` shapes that broadcast together."""
        return tuple(self.draw(broadcastable(n, max_ndim, empty=self.wanted.empty)).input_shapes)

    def broadcast_into(self, shape: Shape) -> Shape:
        """A shape that broadcasts to `shape`: some sizes are 1, some leading dimensions missing."""
        return broadcast_into(self.draw, shape)

    def dim(self, shape: Shape) -> int:
        """A dimension of `shape`, which may be negative: counted from the end."""
        extent = len(shape) or 1
        return self.size(-extent, extent - 1)

    def dims(self, shape: Shape) -> Any:
        """A dimension of `shape`, or a list of several or none."""
        return self.dim(shape) if self.boolean() else self.several_dims(shape)

    def several_dims(self, shape: Shape) -> list[int]:
        """A list of up to three different dimensions of `shape`."""
        return [d - len(shape) if self.boolean() else d for d in self.permutation(len(shape))[: self.size(0, 3)]]

    def permutation(self, n: int) -> list[int]:
        """The integers from 0 to n - 1 in a random order."""
        return list(self.draw(st.permutations(range(n))))

    def regrouped(self, shape: Shape) -> Shape:
        """Another shape with as many elements, in which one size may be -1, to be inferred."""
        n = int(np.prod(shape))
        if not n:
            return (*self.permutation(3)[:1], 0)
        shapes = [(n,), (1, n), (n, 1, 1), tuple(reversed(shape)), (-1,), (-1, n)]
        shapes += [(a, n // a) for a in (2, 3) if n % a == 0] + ([()] if n == 1 else [])
        return tuple(self.choice(shapes))

    # -- arrays ------------------------------------------------------------------------------------

    def floats(self, shape: Shape) -> Any:
        """An array of one of the Sampler's dtypes, in some layout."""
        return draw_array(self.draw, shape, self.wanted)

    def distinct(self, shape: Shape) -> Any:
        """An array as by `floats` for operators that may order equal elements either way: none is equal to another.

        Except where its first row is repeated in memory, and so nothing is told by the order.
        """
        n = int(np.prod(shape))
        order = np.array(self.permutation(n), float)
        dtype = self.dtypes[0] if self.dtypes[0] != np.bool_ else np.dtype("int64")
        array = (order if dtype.kind in "iu" else order / 4 - n / 8).astype(dtype).reshape(shape)
        layouts = tuple(layout for layout in self.wanted.layouts if layout != "overlapping") or LAYOUTS[:1]
        return lay_out(self.draw, array, self.wanted._replace(layouts=layouts))

    def below_infinity(self, array: Any) -> Any:
        """The array with 1.5 in place of infinity; -infinity and nan stay."""
        return np.where(array == np.inf, array.dtype.type(1.5), array) if np.any(array == np.inf) else array

    def moderate(self, array: Any) -> Any:
        """The array clipped to [-50, 50], with 1.5 in place of nan."""
        return array if array.dtype.kind != "f" else np.asarray(np.nan_to_num(np.clip(array, -50, 50), nan=1.5))

    def unequal(self, array: Any) -> Any:
        """The array or, if it is expanded, one of different numbers.

        The deviation of equal numbers, and its gradient, may be nothing but rounding errors in torch.
        """
        return np.arange(array.size).reshape(array.shape).astype(array.dtype) if 0 in array.strides else array

    def chosen(self) -> tuple[Any, int, int]:
        """An array without equal elements, a number of elements to choose, and the dimension along which to choose."""
        shape = self.shape()
        dim = self.dim(shape)
        return self.distinct(shape), self.size(0, shape[dim] if shape else 1), dim

    def mask(self, shape: Shape) -> Any:
        """An array of bools."""
        return self.draw(numbers.filled(np.dtype(bool), shape, _boolean))

    def _floating(self) -> Any:
        return self.dtypes[0] if self.dtypes[0].kind == "f" else np.dtype("float32")

    def ints(self, shape: Shape, low: int, high: int) -> Any:
        """An int64 array of numbers from `low` to `high`, both included."""
        if not int(np.prod(shape)):
            return np.empty(shape, np.int64)
        return self.draw(numbers.filled(np.dtype("int64"), shape, _integers(low, high)))

    def number(self) -> Any:
        """A Python number: a float, an integer or a bool."""
        kinds = ("float", "int", "bool") if self.dtypes[0].kind == "f" else ("int", "float", "bool")
        kind = self.choice(kinds)
        if kind == "float":
            return float(self.draw(numbers.number(self.dtypes[0], self.wanted.awkward)))
        no_zero = "zero" not in self.wanted.awkward
        return self.boolean() if kind == "bool" else self.size(-3, 3) or int(no_zero)

    def value(self) -> Any:
        """A Python number or an array of one element."""
        return self.number() if self.boolean() else self.floats(())

    def broadcast(self, *arrays: Callable[[Shape], Any]) -> tuple[Any, ...]:
        """One array from each of the given methods, of shapes that broadcast together."""
        return tuple(draw(shape) for draw, shape in zip(arrays, self.shapes(len(arrays)), strict=True))

    def binary(self) -> tuple[Any, Any]:
        """Two arrays that broadcast together, or an array and a Python number."""
        if self.draw(st.integers(0, 3)) == 3:
            return self.floats(self.shape()), self.number()
        first, second = self.broadcast(self.floats, self.floats)
        return first, second

    def bounded(self) -> tuple[Any, Any, Any]:
        """An array, a lower and an upper bound; the bounds are numbers or arrays, and one may be None."""
        if self.boolean():
            x, low, high = self.floats(self.shape()), self.number(), self.number()
        else:
            x, low, high = self.broadcast(self.floats, self.floats, self.floats)
        return (x, *self.choice([(low, high), (None, high), (low, None)]))

    def alike(self, least: int = 1) -> list[Any]:
        """Up to three arrays of one shape."""
        shape = self.shape()
        return [self.floats(shape) for _ in range(self.size(least, 3))]

    def joinable(self) -> tuple[list[Any], int]:
        """Up to three arrays, and the dimension along which they can be concatenated; an empty vector fits any."""
        shape = self.shape(1)
        dim = self.dim(shape)
        arrays = []
        for _ in range(self.size(1, 3)):
            own = list(shape)
            own[dim] = self.size()
            arrays.append(self.floats((0,) if self.draw(st.integers(0, 5)) == 5 else tuple(own)))
        return arrays, dim

    def another_dtype(self) -> Any:
        """A floating dtype that the arrays do not have."""
        return np.dtype("float32" if self.dtypes == (np.dtype("float64"),) else "float64")

    # -- matrices ----------------------------------------------------------------------------------

    def chain(self) -> tuple[Any, Any]:
        """Two matrices that can be multiplied."""
        n, k, m = self.size(), self.size(), self.size()
        return self.floats((n, k)), self.floats((k, m))

    def products(self) -> tuple[Any, Any]:
        """Two vectors, matrices or batches of matrices (broadcast together) that can be multiplied."""
        k = self.size()
        batches = self.shapes(2, 2)
        first = (k,) if self.draw(st.integers(0, 3)) == 3 else (*batches[0], self.size(), k)
        second = (k,) if self.draw(st.integers(0, 3)) == 3 else (*batches[1], k, self.size())
        return self.floats(first), self.floats(second)

    # -- indices -----------------------------------------------------------------------------------

    def indices(self, size: int) -> Any:
        """A vector of indices along a dimension of `size`."""
        return self.ints((self.size(),) if size else (0,), 0, max(size - 1, 0))

    def index_along(self, shape: Shape, dim: int) -> Any:
        """Indices for `gather` along `dim` of an array of `shape`, in an array no larger in the other dimensions."""
        d = dim % (len(shape) or 1)
        own = tuple((self.size() if n else 0) if k == d else self.size(0, n) for k, n in enumerate(shape))
        return self.ints(own, 0, max(shape[d] - 1, 0) if shape else 0)

    def index(self, shape: Shape, basic: bool = False) -> Any:
        """An index as it is written in brackets: integers, slices, None, Ellipsis; unless `basic`, arrays and masks."""
        if not basic and shape and self.draw(st.integers(0, 7)) == 7:
            return self.mask(shape[: self.size(1, len(shape))])
        parts: list[Any] = []
        vector, arrays = self.size(1, 3), not basic and self.boolean()
        kinds = ("slice",) if arrays else ("slice", "none")  # rows get no integers beside arrays
        count = self.size(0, len(shape))
        behind = self.boolean()  # begin with an Ellipsis, so that the parts are for the last dimensions
        for n in shape[len(shape) - count :] if behind else shape[:count]:
            kind = self.choice((*kinds, *(("array",) if arrays else ("integer",)))) if n else self.choice(kinds)
            if kind == "none":
                parts.append(None)
            parts.append(
                self.size(-n, n - 1) if kind == "integer"
                else self.ints((vector,), -n, n - 1) if kind == "array"
                else self.slice()
            )  # fmt: skip
        if behind:
            parts.insert(0, Ellipsis)
        elif self.boolean():
            parts.append(Ellipsis)
        return parts[0] if len(parts) == 1 and self.boolean() else tuple(parts)

    def indexed(self) -> tuple[Any, Any]:
        """An array and an index into it."""
        shape = self.shape()
        return self.floats(shape), self.index(shape)

    def strided(self) -> tuple[Any, Any, Any, int, Any]:
        """Arguments of `as_strided`: a vector, sizes, strides and offset of a view of it, then its own and its size."""
        memory = self.size(1, 12)
        x = np.arange(memory) / 4
        size, stride, last = [], [], self.size(0, memory - 1)
        offset = last
        for _ in range(self.size(0, 3)):
            step = self.size(0, 3)
            n = self.size(1, 3)
            if last + step * (n - 1) < memory:
                size.append(n)
                stride.append(step)
                last += step * (n - 1)
        return x.astype(self._floating()), size, stride, offset, ((memory,), (1,), 0, memory)

    def slice(self) -> slice:
        """A slice with a positive step, as torch requires."""
        return slice(self.maybe(self.size(-4, 4)), self.maybe(self.size(-4, 4)), self.choice((None, 1, 2)))

    def scattered(self, basic: bool = False) -> tuple[Any, Shape, Any]:
        """An array of the shape that an index takes out of another, the other's shape, and the index."""
        shape = self.shape()
        index = self.index(shape, basic)
        return self.floats(np.empty(shape)[index].shape), shape, index

    def unindexed(self) -> tuple[Any, Shape, Any]:
        """The same as `scattered`, with an index that is made of one array of indices for each dimension."""
        shape = self.shape(1, least=1)
        whole = self.shape()
        index = tuple(self.ints(self.broadcast_into(whole), 0, n - 1) for n in shape)
        return self.floats(np.broadcast_shapes(*(x.shape for x in index))), shape, index

    def rolled(self) -> tuple[Any, Any, Any]:
        """An array, the shift or shifts by which to roll it, and the dimension or dimensions."""
        shape = self.shape()
        if self.boolean():
            return self.floats(shape), self.size(-4, 4), self.maybe(self.dim(shape))
        dims = self.several_dims(shape)
        return self.floats(shape), [self.size(-4, 4) for _ in dims] or 1, dims or None

    def putting(self) -> tuple[Any, Any, Any]:
        """An array, an index that names no element twice, and a value that can be put there."""
        shape = self.shape()
        index = self.index(shape)
        places = np.arange(int(np.prod(shape))).reshape(shape)[index]
        if np.unique(places).size != places.size:
            index = Ellipsis
            places = np.empty(shape)
        value = self.number() if self.boolean() else self.floats(self.broadcast_into(places.shape))
        return self.floats(shape), index, value

    # -- scattering --------------------------------------------------------------------------------

    def scattering(self) -> tuple[Any, int, Any, Any]:
        """Arguments of `scatter`: an array, a dimension, indices along it of which none repeats, and what is put."""
        shape = self.shape()
        dim = self.dim(shape)
        index = self.index_along(shape, dim)
        if shape and index.size:  # which of two elements stays is left open
            order = np.array(self.permutation(shape[dim]))[: index.shape[dim]]
            index = index[tuple(slice(len(order)) if d == dim % len(shape) else slice(None) for d in range(len(shape)))]
            index = index * 0 + order.reshape([-1 if d == dim % len(shape) else 1 for d in range(len(shape))])
        return self.floats(shape), dim, index, self.number() if self.boolean() else self.floats(index.shape)

    def scattering_reduced(self) -> tuple[Any, int, Any, Any, str, bool]:
        """Arguments of `scatter_reduce`."""
        shape = self.shape()
        dim = self.dim(shape)
        index = self.index_along(shape, dim)
        how = self.choice(("sum", "mean", "prod", "amax", "amin"))
        src = self.floats(index.shape)
        if how in ("amax", "amin"):  # torch divides by the number of elements that are equal to nan, which is 0
            src = self.moderate(src)
        return self.floats(shape), dim, index, src, how, self.boolean()

    def masked_source(self) -> tuple[Any, Any, Any]:
        """Arguments of `masked_scatter`: an array, a mask that broadcasts to it, and elements enough."""
        shape = self.shape()
        return (
            self.floats(shape),
            self.mask(self.broadcast_into(shape)),
            self.floats((int(np.prod(shape)) + self.size(),)),
        )

    def widths(self, shape: Shape, reflects: bool = False) -> list[int]:
        """The widths of a padding of the dimensions of `shape`, from the last one on; some take elements away."""
        pad = []
        for n in reversed(shape):
            most = max(n - 1, 0) if reflects else 2
            before = self.size(-(n // 2), most)
            pad += [before, self.size(-(n // 2) + (n % 2 == 0 and n > 0), most)]
        return pad

    def padded(self) -> tuple[Any, Any, list[int], bool]:
        """Arguments of `unpad`: a cotangent of a padded array, the array, its widths and whether it is reflected."""
        dims, reflects = self.size(1, 3), self.boolean()
        shape = self.shape(dims + 1, dims + 2, least=1)
        pad = self.widths(shape[-dims:], reflects)
        ends = [n + pad[2 * k] + pad[2 * k + 1] for k, n in enumerate(reversed(shape[-dims:]))]
        return self.floats((*shape[:-dims], *reversed(ends))), self.floats(shape), pad, reflects

    def slice_put(self) -> tuple[Any, ...]:
        """Arguments of `slice_scatter`."""
        shape = self.shape(1)
        dim = self.dim(shape)
        part = self.slice()
        own = np.empty(shape)[(*(slice(None),) * (dim % len(shape)), part)].shape
        return self.floats(shape), self.floats(own), dim, part.start, part.stop, part.step or 1

    def putting_again(self) -> tuple[Any, Any, Any]:
        """An array, an index of arrays that may name an element twice, and a value that can be added there."""
        shape = self.shape(1, least=1)
        whole = self.shape()
        index = tuple(self.ints(self.broadcast_into(whole), 0, n - 1) for n in shape)
        places = np.broadcast_shapes(*(x.shape for x in index))
        return self.floats(shape), index, self.floats(self.broadcast_into(places))
