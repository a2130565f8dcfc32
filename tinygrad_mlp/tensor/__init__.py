"""What a Tensor is, and what may be called on it: how a row of the derivative table becomes a function on tensors.

- tensor.py, attributes.py, values.py, copies.py, printing.py, size.py: the class, and a tensor as a Python object;
- sequences.py, keywords.py, named.py: sequences as data, NumPy's names of arguments, results of several tensors;
- dispatch.py, callers.py, halves.py, arguments.py, kinds.py: how a row becomes a function; functions.py, inplace.py:
  all these; out.py, namespace.py: as they stand in torch's namespace, with `out`;
- operators.py: Python's operators, `x + y`;
- composite/: functions that only call other functions; indexing.py: `x[i]`; creation/: new tensors;
- memory/: storages, and the methods that give a tensor another memory;
- refusals.py: the texts of exceptions and warnings.
"""

from . import composite, creation, memory, operators  # noqa: F401 (the operators are put on the class)
from .arguments import as_array
from .functions import FUNCTIONS, INPLACE
from .kinds import on_a_tensor
from .later import later, methods_in
from .named import NamedResult, result_class
from .size import Size
from .tensor import Tensor, new, wrap

__all__ = [
    "FUNCTIONS", "INPLACE", "NamedResult", "Size", "Tensor", "as_array", "composite", "creation",
    "memory", "new", "on_a_tensor", "result_class", "wrap",
]  # fmt: skip

_indexing = methods_in(f"{__name__}.indexing", "__getitem__", "__setitem__")
for _name in _indexing:
    later(_name, _indexing, _name)
