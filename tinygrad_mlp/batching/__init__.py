"""Batched arrays, by which `vmap` runs a function over a whole batch at once: one more axis that the rules do not see.

An operation on a batched array runs on the whole batch (array.py, rules.py, indexing.py). Dimensions come in and go
out by four functions, of which each is the transpose of another (crossing.py). A program without `vmap` only asks
whether a batch has ever begun, so nothing else is imported before.
"""

from .batches import Batch as Batch
from .batches import ReadsValues as ReadsValues
from .batches import begin as begin
from .batches import begun as begun
from .batches import end as end
from .batches import is_batched as is_batched
from .batches import refuse_memory as refuse_memory
from .batches import running as running
