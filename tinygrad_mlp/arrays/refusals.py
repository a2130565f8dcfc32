"""What devices and dtypes refuse, in torch's words: the texts of the exceptions, by subject.

The checks stand in devices.py and dtypes.py. A text with values is a template for `str.format`.
"""

from __future__ import annotations

# -- devices ---------------------------------------------------------------------------------------

# RuntimeError for a device such as device("cuda:1", 0), whose text has an index already.
INDEX_TWICE = "type (string) must not include an index because index was passed explicitly: {type}"
# RuntimeError for a device with an index below 0.
INDEX_NEGATIVE = "Device index must not be negative"
# RuntimeError for a number in the place of a device: it would be that of an accelerator.
NO_ACCELERATOR = "Cannot access accelerator device when none is available."
# TypeError for a device that is made from anything but a text, a number or a device.
DEVICE_CALL = (
    "device() received an invalid combination of arguments - got ({found}), but expected one of:\n"
    " * (torch.device device)\n"
    " * (str type, int index = -1)\n"
)
# RuntimeError for an empty text.
DEVICE_EMPTY = "Device string must not be empty"
# RuntimeError for a text that is not of the form "name" or "name:index".
DEVICE_TEXT = "Invalid device string: '{text}'"
# RuntimeError for a name that is none of torch's devices.
DEVICE_UNKNOWN = "Expected one of {types} device type at start of device string: {text}"
# TypeError for a `device` argument that names no device. `argument` is the argument as torch names it.
DEVICE_TYPE = "{function}(): argument {argument} must be torch.device, not {found}"
# AssertionError for CUDA and XPU, as from a torch that was built without them.
NOT_COMPILED = "Torch not compiled with {device} enabled"
# NotImplementedError for torch's other devices.
NO_SUCH_DEVICE = "tinygrad_mlp has no device {device!r}: tensors are NumPy arrays on the CPU"

# -- the device "meta" -----------------------------------------------------------------------------

# NotImplementedError where elements would be copied to another device, or into a list.
NO_DATA = "Cannot copy out of meta tensor; no data!"
# RuntimeError where a single number is asked for.
NO_ITEM = "Tensor.item() cannot be called on meta tensors"
# NotImplementedError from operators. Torch has an implementation of most, which gives the shape of the result.
NO_OPERATORS = "tinygrad_mlp computes nothing on the device 'meta', whose tensors have a shape and a dtype but no data"

# -- dtypes ----------------------------------------------------------------------------------------

# TypeError for a NumPy array of a dtype that torch or this package does not have.
NO_TORCH_DTYPE = "can't convert np.ndarray of type {dtype}. The only supported types are: {supported}."
# set_default_dtype: TypeError for what is no dtype.
NO_DTYPE = "invalid dtype object: {dtype!r}"
# set_default_dtype: TypeError for a dtype that is not floating.
DEFAULT_NOT_FLOATING = "only floating-point types are supported as the default type"
# TypeError for a `dtype` argument that is no dtype.
DTYPE_TYPE = "{function}(): argument 'dtype' must be torch.dtype, not {found}"
# ImportError for an array of bfloat16 without the package that has this dtype.
NO_BFLOAT16 = "torch.bfloat16 needs the package ml_dtypes: pip install 'tinygrad_mlp[bfloat16]'"
# NotImplementedError for an array of a complex dtype.
NO_COMPLEX = "tinygrad_mlp has no complex numbers: {dtype} is a name only"
# NotImplementedError for an array of a dtype of unsigned integers that torch itself computes little with.
NO_UNSIGNED = "tinygrad_mlp has no unsigned integers but torch.uint8: {dtype} is a name only"
# dtype.to_complex: RuntimeError for a dtype of integers.
NO_COMPLEX_DTYPE = "Unknown Complex ScalarType for {dtype}"
# torch.iinfo and torch.finfo: TypeError for a dtype of the other kind, and for bool.
IINFO_OF_BOOL = "torch.bool is not supported by torch.iinfo"
IINFO_OF_FLOAT = "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"
FINFO_OF_INTEGER = "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
# TypeError for what is no dtype, and for none.
INFO_TYPE = "{function}(): argument 'type' (position 1) must be torch.dtype, not {found}"
INFO_MISSING = '{function}() missing 1 required positional arguments: "type"'
