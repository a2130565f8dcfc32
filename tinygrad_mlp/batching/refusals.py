"""The texts of the exceptions of vmap that arrays raise; the words are torch's.

A text with words in braces is a template for `str.format`.
"""

from __future__ import annotations

# RuntimeError: a number is asked for, where every element of the batch has its own.
ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a Tensor, "
    "please try to rewrite what you're doing with other operations. If error is occurring somewhere inside PyTorch "
    "internals, please file a bug report."
)
# RuntimeError: a truth is asked for.
CONTROL_FLOW = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support that "
    "yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
)
# RuntimeError: the memory is asked for.
NO_MEMORY = "Cannot access data pointer of Tensor that doesn't have storage"
# RuntimeError: `x.data`.
DATA = "accessing `data` under vmap transform is not allowed"
# RuntimeError: one truth for the whole batch.
EQUAL = "Batching rule not implemented for aten::equal. We could not generate a fallback."
# NotImplementedError: a batched tensor is pickled.
NO_STORAGE = "Cannot access storage of BatchedTensorImpl"
# RuntimeError: the shape of the result would depend on values.
DYNAMIC = (
    "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap over aten::{name}. "
    "Please file an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
)
MASKED = (
    "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over indexing with "
    "a boolean mask."
)
# RuntimeError: what is the same for the whole batch is written to with what is not.
UNBATCHED_WRITE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in extra_args "
    "that has more elements than `self`. This happened due to `other` being vmapped over but `self` not being vmapped "
    "over in a vmap. Please try to use out-of-place operators instead of inplace arithmetic. If said operator is being "
    "called inside the PyTorch framework, please file a bug report instead."
)
# RuntimeError: a random number is drawn while `randomness` is "error".
RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)
# RuntimeError: the same random numbers are to be drawn for elements that have other probabilities.
SAME_OF_BATCHED = (
    "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with functorch"
)
# RuntimeError: different random numbers are to be written into what is the same for the whole batch.
DIFFERENT_IN_UNBATCHED = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. "
    "If this is necessary for your usage, please file an issue with functorch."
)
# AttributeError, for NumPy alone, which looks for protocols.
NO_ATTRIBUTE = "a batched array has no attribute {name!r}"
