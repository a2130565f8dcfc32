"""Batched arrays, by which `vmap` runs a function over a whole batch at once: one more axis that the rules do not see.

An operation on a batched array runs on the whole batch (array.py, rules.py, indexing.py). Dimensions come in and go
out by four functions, of which each is the derivative of another (crossing.py).
"""

from .array import BatchedArray as BatchedArray
from .array import ReadsValues as ReadsValues
from .array import each as each
from .array import run as run
from .array import youngest as youngest
from .batches import Batch as Batch
from .batches import begin as begin
from .batches import begun as begun
from .batches import end as end
from .batches import running as running
