"""What torch's old constructors refuse, in its words: the texts of the exceptions."""

from __future__ import annotations

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
