"""The batched array: an array for each element of a batch, which looks like one of them.

`value` has the batch as its first dimension; shape, number of dimensions and strides are those of one element. NumPy's
protocols bring every function that is called on such arrays here (NEP 13 and NEP 18). For most there is a rule, which
calls the function once, on the whole batch, with dimensions shifted by one (rules.py); all others are called for one
element after the other, and the results are stacked. So whatever runs on arrays runs on these, and what is elementwise,
a reduction, a product of matrices or a change of shape runs as fast as NumPy can.

An array may also be the same for the whole batch, which `varies` says: then `value` is that one array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .batches import Batch, ReadsValues
from .refusals import CONTROL_FLOW, ITEM, MASKED, NO_ATTRIBUTE, NO_MEMORY, NO_STORAGE

ndarray = np.ndarray

# What calls a function, with positional and keyword arguments, for a whole batch at once.
Rule = Callable[[Batch, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
RULES: dict[Any, Rule] = {}
UFUNC_RULES: dict[str, Rule] = {}  # by the method: "__call__", "reduce"


class BatchedArray:
    """Arrays of one shape, one for each element of a `batch`; or, unless it `varies`, one array for all of them."""

    __slots__ = ("batch", "value", "varies")
    __array_priority__ = 3000

    def __init__(self, value: Any, batch: Batch, varies: bool = True) -> None:
        self.value = value
        self.batch = batch
        self.varies = varies

    # -- what does not depend on values ------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape[1:] if self.varies else self.value.shape  # type: ignore[no-any-return]

    @property
    def strides(self) -> tuple[int, ...]:
        return self.value.strides[1:] if self.varies else self.value.strides  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return int(self.value.ndim - self.varies)

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size

    dtype = property(lambda self: self.value.dtype)
    itemsize = property(lambda self: self.value.itemsize)
    nbytes = property(lambda self: self.size * self.value.itemsize)
    flags = property(lambda self: Flags(self))
    ctypes = property(lambda self: self.value.ctypes)  # of the first element of the batch

    @property
    def base(self) -> Any:
        """The array that owns the memory, so that views of the same are known as such."""
        return memory_of(self)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    # -- NumPy's protocols -------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        for x in inputs:
            if type(x) not in _KNOWN and hasattr(type(x), "needs_grad"):
                return NotImplemented  # one is a Tensor, which has its own operators
        if "out" in kwargs and type(kwargs["out"]) is tuple and len(kwargs["out"]) == 1:
            kwargs["out"] = kwargs["out"][0]
        if method == "__call__":
            return call(ufunc, inputs, kwargs, RULES.get(ufunc) or UFUNC_RULES[method])
        return call(getattr(ufunc, method), inputs, kwargs, UFUNC_RULES.get(method))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(hasattr(x, "needs_grad") for x in types):
            return NotImplemented  # one is a Tensor, for which the function is a row
        return call(function, args, kwargs, RULES.get(function))

    def __row_call__(self, row: Any, args: Any, kwargs: Any) -> Any:
        """Run the lines of a row's forward; Tensors call the row's function."""
        other = next((x for x in args if hasattr(type(x), "needs_grad")), None)
        return run(row.forward, *args, **kwargs) if other is None else other.__row_call__(row, args, kwargs)

    def __one_call__(self, function: Any, args: Any, kwargs: Any) -> Any:
        """Run a function that looks at values (ops.table.by_value) for each element, or if it can on all of them."""
        if any(hasattr(type(x), "needs_grad") for x in args):  # line by line, up to where it asks for values
            return function(*args, **kwargs)
        if hasattr(function, "of_each"):
            return function(*(_all_values(x) for x in args), **kwargs)
        return each(youngest((args, kwargs)), function, args, kwargs)  # type: ignore[arg-type]

    # -- operators and methods ---------------------------------------------------------------------

    def __pow__(self, other: Any) -> Any:
        return NotImplemented if hasattr(type(other), "needs_grad") else self._power(other, False)

    def __rpow__(self, other: Any) -> Any:
        return NotImplemented if hasattr(type(other), "needs_grad") else self._power(other, True)

    def _power(self, other: Any, reverse: bool) -> Any:
        """NumPy's own `**`, which takes a square or a root for some exponents."""
        if isinstance(other, (int, float)):
            return BatchedArray(other**self.value if reverse else self.value**other, self.batch, self.varies)
        return np.power(other, self) if reverse else np.power(self, other)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __abs__(self) -> Any:
        return np.absolute(self)

    def __invert__(self) -> Any:
        return np.invert(self)

    T = property(lambda self: np.transpose(self))
    mT = property(lambda self: np.swapaxes(self, -2, -1))

    def reshape(self, *shape: Any, **options: Any) -> Any:
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
        return np.reshape(self, shape, **options)

    def transpose(self, *dims: Any) -> Any:
        axes: Any = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
        return np.transpose(self, axes or None)

    def astype(self, dtype: Any, *, copy: bool = True) -> Any:
        if not copy and self.dtype == dtype:
            return self
        return BatchedArray(self.value.astype(dtype), self.batch, self.varies)

    def copy(self, order: Any = "C") -> Any:
        return np.copy(self, order=order)

    def view(self, dtype: Any) -> Any:
        return BatchedArray(self.value.view(dtype), self.batch, self.varies)

    def fill(self, value: Any) -> None:
        self[...] = value

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None)
        if name.startswith("__") or not hasattr(ndarray, name) or function is None:  # NumPy looks for protocols here
            raise AttributeError(NO_ATTRIBUTE.format(name=name))
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return call(operator.getitem, (self, index), {}, RULES[operator.getitem])

    def __setitem__(self, index: Any, value: Any) -> None:
        call(operator.setitem, (self, index, value), {}, RULES[operator.setitem])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    # -- reading values, which is refused ----------------------------------------------------------

    def item(self, *args: Any) -> Any:
        raise ReadsValues(ITEM)

    def tolist(self) -> Any:
        raise ReadsValues(NO_MEMORY)

    def __bool__(self) -> bool:
        raise ReadsValues(CONTROL_FLOW)

    def __float__(self) -> float:
        raise ReadsValues(ITEM)

    __int__: Any = __float__
    __index__: Any = __float__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise ReadsValues(NO_MEMORY)

    def __dlpack__(self, **options: Any) -> Any:
        raise ReadsValues(NO_MEMORY)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise NotImplementedError(NO_STORAGE)

    def __repr__(self) -> str:
        return f"<batched {self.dtype.name}{list(self.shape)} by {self.batch.size}>"

    def expand(self) -> Any:
        """The value with the batch in front, which is made now, in memory of its own, if it does not vary yet."""
        if not self.varies:
            self.value = np.repeat(self.value[None], self.batch.size, 0)
            self.varies = True
        return self.value


_KNOWN = frozenset((BatchedArray, ndarray, int, float, bool))


class Flags:
    """The flags of one of the arrays; whether they can be written to is a property of all of them."""

    __slots__ = ("_of",)

    def __init__(self, array: BatchedArray) -> None:
        self._of = array

    def __getattr__(self, name: str) -> Any:
        array = self._of
        value = array.value
        if array.varies and name != "writeable":
            value = np.ndarray(array.shape, array.dtype, None, 0, None) if not array.batch.size else value[0, ...]
        return getattr(value.flags, name)

    @property
    def writeable(self) -> bool:
        return bool(self._of.value.flags.writeable)

    @writeable.setter
    def writeable(self, value: bool) -> None:
        if value and not self.writeable:
            self._of.value.flags.writeable = True


def memory_of(array: Any) -> Any:
    """The array that owns the memory of an array: its outermost base, or the array itself."""
    while type(array) is BatchedArray:
        array = array.value
    while isinstance(array.base, ndarray):
        array = array.base
    return array


def _all_values(x: Any) -> Any:
    """An array with all batches as dimensions."""
    while type(x) is BatchedArray:
        x = x.value
    return x


# -- calls ------------------------------------------------------------------------------------------


def youngest(tree: Any) -> Batch | None:
    """The youngest batch of the arrays in a tree of tuples, lists and dicts; None if there is no batched array."""
    found: Batch | None = None
    for x in tree.values() if type(tree) is dict else tree:
        kind = type(x)
        batch = x.batch if kind is BatchedArray else youngest(x) if kind in _CONTAINERS and x else None
        if batch is not None and (found is None or batch.number > found.number):
            found = batch
    return found


_CONTAINERS = frozenset((tuple, list, dict))


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with the results of a function in the place of what is no tuple, list or dict."""
    kind = type(tree)
    if kind is tuple or kind is list:
        return kind([mapped(function, x) for x in tree])
    if kind is dict:
        return {key: mapped(function, x) for key, x in tree.items()}
    if kind is slice:
        return tree
    return function(tree)


def varies_in(batch: Batch, tree: Any) -> bool:
    """Whether an array in a tree is not the same for the whole batch."""
    for x in tree.values() if type(tree) is dict else tree:
        kind = type(x)
        if kind is BatchedArray:
            if x.batch is batch and x.varies:
                return True
        elif kind in _CONTAINERS and x and varies_in(batch, x):
            return True
    return False


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], rule: Rule | None) -> Any:
    """Call a function of arrays of which one is batched: by its rule, or else for each element."""
    batch = youngest((args, kwargs))
    assert batch is not None
    if not varies_in(batch, (args, kwargs)) and function not in MAKES_MEMORY:

        def peeled(x: Any) -> Any:
            return x.value if type(x) is BatchedArray and x.batch is batch else x

        return again(function(*mapped(peeled, args), **mapped(peeled, kwargs)), batch, False)
    return each(batch, function, args, kwargs) if rule is None else rule(batch, function, args, kwargs)


MAKES_MEMORY: set[Any] = set()  # functions whose results are written to: they have memory for the whole batch


def again(result: Any, batch: Batch, varies: bool = True) -> Any:
    """Results of a function of values as batched arrays."""
    if isinstance(result, (ndarray, np.generic, BatchedArray)):
        return BatchedArray(np.asarray(result) if isinstance(result, np.generic) else result, batch, varies)
    if isinstance(result, tuple):
        parts = [again(part, batch, varies) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return [again(part, batch, varies) for part in result] if type(result) is list else result


def each(batch: Batch, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function for one element of the batch after the other, and stack the results."""

    def element(i: int) -> Callable[[Any], Any]:
        return lambda x: x.value[i, ...] if type(x) is BatchedArray and x.batch is batch and x.varies else common(x)

    def common(x: Any) -> Any:
        return x.value if type(x) is BatchedArray and x.batch is batch else x

    def nothing(x: Any) -> Any:
        varies = type(x) is BatchedArray and x.batch is batch and x.varies
        return np.zeros(x.shape, x.dtype) if varies else common(x)

    if not batch.size:  # one call on zeros says what the results look like
        return stacked([function(*mapped(nothing, args), **mapped(nothing, kwargs))], batch)
    results = []
    for i in range(batch.size):
        pick = element(i)
        results.append(function(*mapped(pick, args), **mapped(pick, kwargs)))
    return stacked(results, batch)


def stacked(results: list[Any], batch: Batch) -> Any:
    """What a function returned for each element as one result for the batch."""
    first = results[0]
    if isinstance(first, (ndarray, np.generic, BatchedArray)):
        if any(x.shape != first.shape for x in results):
            raise ReadsValues(MASKED)
        whole = np.stack([np.asarray(x) if isinstance(x, np.generic) else x for x in results])
        return BatchedArray(whole if batch.size else whole[:0], batch)
    if isinstance(first, (tuple, list)) and not all(type(x) is int for x in first):
        parts = [stacked(list(part), batch) for part in zip(*results, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, (bool, int, float)) and any(x != first for x in results):
        return BatchedArray(np.asarray(results), batch)
    return first


def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function line by line; where one of its lines asks for values, call it for each element instead."""
    try:
        return function(*args, **kwargs)
    except ReadsValues:
        batch = youngest((args, kwargs))
        if batch is None:
            raise
        return each(batch, lambda *own, **options: run(function, *own, **options), args, kwargs)


def _operator(ufunc: np.ufunc) -> tuple[Any, Any, Any]:
    def forward(self: BatchedArray, other: Any) -> Any:
        return NotImplemented if hasattr(type(other), "needs_grad") else ufunc(self, other)

    def reverse(self: BatchedArray, other: Any) -> Any:
        return NotImplemented if hasattr(type(other), "needs_grad") else ufunc(other, self)

    def inplace(self: BatchedArray, other: Any) -> Any:
        return NotImplemented if hasattr(type(other), "needs_grad") else ufunc(self, other, out=self)

    return forward, reverse, inplace


for _symbol, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "matmul": np.matmul, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "pow": np.power,
}.items():  # fmt: skip
    for _prefix, _method in zip(("", "r", "i"), _operator(_ufunc), strict=True):
        if _symbol != "pow" or _prefix == "i":
            setattr(BatchedArray, f"__{_prefix}{_symbol}__", _method)
for _symbol, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(BatchedArray, f"__{_symbol}__", _operator(_ufunc)[0])
BatchedArray.__hash__ = object.__hash__  # type: ignore[method-assign]
