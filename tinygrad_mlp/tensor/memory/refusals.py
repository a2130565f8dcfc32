"""What storages refuse, and the methods that write into the memory of a tensor: the texts, in torch's words."""

from __future__ import annotations

# -- storages --------------------------------------------------------------------------------------

# UserWarning, once in a process, for `x.storage()`.
TYPED_STORAGE = (
    "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be the only storage class. "
    "This should only matter to you if you are using storages directly.  To access UntypedStorage directly, use "
    "tensor.untyped_storage() instead of tensor.storage()"
)
# IndexError for an index beyond the end, TypeError for one that is no integer.
STORAGE_INDEX = "index {index} out of range for storage of size {size}"
STORAGE_INDEX_TYPE = "can't index a torch.{storage} with {found}"
# RuntimeError for a slice of a TypedStorage.
STORAGE_SLICE = "slices are only supported in UntypedStorage.__getitem__"
# NotImplementedError for another size.
STORAGE_RESIZED = "tinygrad_mlp cannot resize a storage of size {size} to {wanted}: NumPy's arrays keep their memory"
# NotImplementedError for the storage of an array that does not own its memory, and has gaps in it.
NO_FLAT_MEMORY = "tinygrad_mlp has no storage for this tensor: its NumPy array lies in memory with gaps"

# -- another shape, another memory -----------------------------------------------------------------

# resize_: RuntimeError for a tensor that requires grad.
RESIZED_GRAD = "cannot resize variables that require grad"
# resize_: RuntimeError for a size below 0.
SIZE_OVERFLOW = "numel: integer multiplication overflow"
# set_: RuntimeError for a tensor that requires grad.
SET_OF_GRAD = "a leaf Variable that requires grad is being used in an in-place operation."
# set_: RuntimeError for a source of another dtype.
SET_DTYPE = "Could not set tensor of type {found} to a tensor of type {own}"

# -- a Python function for each element ------------------------------------------------------------

# apply_, map_: RuntimeError for a tensor that requires grad.
FUNCTION_OF_GRAD = "Can't call {function}() on Variable that requires grad. Use var.detach().{function}() instead."
# map_: TypeError for a tensor of another dtype.
MAP_DTYPE = "{function}: expected torch.{wanted} for '{name}' (got torch.{found})"

# RuntimeError for a storage of a file that cannot be opened, and of one that has fewer bytes than the storage.
NOT_OPENED = "unable to open file <{path}> in {mode} mode: {reason} ({number})"
FILE_TOO_SMALL = "file <{path}> size <{size}> is smaller than the required mapping size <{wanted}>"
