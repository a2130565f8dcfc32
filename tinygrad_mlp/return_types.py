"""The classes of the results that have several parts, such as that of `x.max(dim)` (torch.return_types)."""

from __future__ import annotations

from .ops import TABLE as _table
from .tensor import result_class as _result_class

for _row in _table.values():
    if len(_row.outputs) > 1:
        _class = _result_class(_row.name, _row.outputs)
        globals()[_class.__name__] = _class
