"""What torch's old constructors refuse, and those over buffers, in its words: the texts of the exceptions."""

from __future__ import annotations

# -- the old constructors --------------------------------------------------------------------------

# RuntimeError for another device.
LEGACY_DEVICE = "legacy constructor expects device type: cpu but device type: {device} was passed"
# TypeError for a tensor, or a storage, of another dtype.
_OPTIONS = (
    "TensorOptions(dtype={{{name}}}, device=cpu, layout=Strided, requires_grad=false (default), "
    "pinned_memory=false (default), memory_format=(nullopt))"
)
LEGACY_DTYPE = f"expected {_OPTIONS.format(name='wanted')} (got {_OPTIONS.format(name='found')})"
# set_default_tensor_type: UserWarning, once in a process.
DEFAULT_TYPE_DEPRECATED = (
    "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
    "torch.set_default_device() as alternatives."
)
# set_default_tensor_type: TypeError for what names no type of tensors, and for one on CUDA.
DEFAULT_TENSOR_TYPE = "invalid type object: only floating-point types are supported as the default type"
NO_CUDA_TYPE = "type {type} not available. Torch not compiled with CUDA enabled."

# -- buffers ---------------------------------------------------------------------------------------

# frombuffer: ValueError for an object without the buffer protocol.
NO_BUFFER = "object does not implement Python buffer protocol."
# frombuffer: ValueError for no bytes, and for a count of 0.
BUFFER_EMPTY = "both buffer length ({length}) and count ({count}) must not be 0"
# frombuffer: ValueError for an offset beyond the end, or below 0.
BUFFER_OFFSET = (
    "offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
)
# frombuffer: ValueError for bytes that are no whole number of elements.
BUFFER_RATIO = "buffer length ({rest} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
# frombuffer: ValueError for more elements than there are.
BUFFER_LENGTH = (
    "requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than actual "
    "buffer length ({length} bytes)"
)
# frombuffer: UserWarning, once in a process, for a buffer such as bytes.
BUFFER_READ_ONLY = (
    "The given buffer is not writable, and PyTorch does not support non-writable tensors. This means you can write to "
    "the underlying (supposedly non-writable) buffer using the tensor. You may want to copy the buffer to protect its "
    "data or make it writable before converting it to a tensor. This type of warning will be suppressed for the rest "
    "of this program."
)
# from_numpy and as_tensor: UserWarning, once, for an array that is not writable.
ARRAY_READ_ONLY = (
    "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to "
    "this tensor will result in undefined behavior. You may want to copy the array to protect its data or make it "
    "writable before converting it to a tensor. This type of warning will be suppressed for the rest of this program."
)
# asarray: UserWarning, once in a process, for a tensor that requires grad where nothing is said of that.
ASARRAY_GRAD = (
    "torch.asarray: unspecified requires_grad now defaults to obj.requires_grad instead of False. Pass "
    "requires_grad=False explicitly to get the old behavior and silence this warning."
)
# asarray with copy=False: ValueError for another dtype, and for data that has no memory to share.
ALIAS_DTYPE = "can't alias tensor with dtype '{own}' into dtype '{wanted}'."
ALIAS_SEQUENCE = "can't alias arbitrary sequence into a tensor."
# from_dlpack: RuntimeError for an object that does not speak DLPack.
NO_CAPSULE = (
    "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might have "
    "already constructed a tensor from it once."
)
