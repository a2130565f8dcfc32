"""What the modules of this room refuse or warn of, mostly in torch's words: every text, with when it comes.

Those with values are templates for `str.format`. The reasons that rows of the table give stand there.
"""

# -- cuda.device -----------------------------------------------------------------------------------
# ValueError for another device; RuntimeError where a block on a CUDA device is entered.
CUDA_DEVICE = "Expected a cuda device, but got: {device}"
NO_CUDA_SUPPORT = "PyTorch was compiled without CUDA support"

# -- autocast --------------------------------------------------------------------------------------
# autocast(device_type): ValueError for what is no text.
AUTOCAST_DEVICE = "Expected `device_type` of type `str`, got: `{found}`"
# The functions that ask for a device's autocast: TypeError for what is no text, RuntimeError for types without one.
AUTOCAST_ARGUMENT = "{function}(): argument 'device_type' (position 1) must be str, not {found}"
AUTOCAST_KEY = "unknown device type for autocast in get_autocast_dispatch_key_from_device_type"
AUTOCAST_SCALAR_TYPE = "unsupported scalarType"
# UserWarning: for CUDA, and for other dtypes on the CPU, autocast is switched off.
AUTOCAST_WITHOUT_CUDA = "CUDA is not available or torch_xla is imported. Disabling autocast."
AUTOCAST_DTYPE = (
    "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
    "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently."
)
# NotImplementedError where autocast of the CPU is entered or switched on.
AUTOCAST_ON_CPU = (
    "tinygrad_mlp has no autocast on the CPU, which would compute products in {dtype}: say enabled=False, or convert "
    "the model and its inputs by .to({dtype})"
)
# FutureWarning of classes and decorators by their old names, DeprecationWarning of functions.
OLD_CLASS = (
    "`torch.{device}.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('{device}', args...)` instead."
)
OLD_DECORATOR = (
    "`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}(args..., device_type='cuda')` "
    "instead."
)
OLD_FUNCTION = "torch.{old} is deprecated. Please use torch.{new} instead."

# -- GradScaler ------------------------------------------------------------------------------------
# UserWarning: without CUDA its scaler does nothing.
SCALER_WITHOUT_CUDA = "torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling."
# AssertionError for options out of range.
GROWTH_FACTOR = "The growth factor must be > 1.0."
BACKOFF_FACTOR = "The backoff factor must be < 1.0."
# scale: ValueError for what is neither a tensor nor an iterable of them.
SCALER_OUTPUTS = "outputs must be a Tensor or an iterable of Tensors"
# AssertionError before the first `scale`.
SCALER_UNUSED = (
    "Attempted {function} but _scale is None.  This may indicate your script did not use scaler.scale(loss or outputs) "
    "earlier in the iteration."
)
# unscale_ and step: RuntimeError for the wrong order; ValueError for gradients in float16.
UNSCALED_TWICE = "unscale_() has already been called on this optimizer since the last update()."
UNSCALED_AFTER_STEP = "unscale_() is being called after step()."
STEPPED_TWICE = "step() has already been called since the last update()."
HALF_GRADIENTS = "Attempting to unscale FP16 gradients."
SCALER_CLOSURE = "Closure use is not currently supported if GradScaler is enabled."
# step and update: AssertionError where no gradient was looked at.
NOTHING_UNSCALED = "No inf checks were recorded for this optimizer."
NOTHING_RECORDED = "No inf checks were recorded prior to update."
# update: AssertionError for a new scale of another kind.
NEW_SCALE = (
    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with requires_grad=False."
)
# load_state_dict: RuntimeError for that of a scaler that does nothing.
SCALER_STATE = "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
# CannotRecord in a compiled step: the scale changes from call to call, as the values of the gradients say.
SCALER_IN_A_STEP = "a GradScaler that is enabled changes its scale by the values of the gradients; call it outside"

# -- jit -------------------------------------------------------------------------------------------
# UserWarning, once for each function: what it gives is not TorchScript.
NO_TORCHSCRIPT = "torch.jit.{function} gives back what it was given: tinygrad_mlp has no TorchScript"

# -- multiprocessing -------------------------------------------------------------------------------
# set_sharing_strategy: AssertionError for another name.
SHARING_STRATEGY = "invalid sharing strategy '{found}', expected one of {known}"

# -- futures ---------------------------------------------------------------------------------------
# set_result, set_exception: RuntimeError for a future that is done; value: for one that is not yet.
FUTURE_DONE = (
    "Attempting to mark a completed Future as complete again. Note that a Future can only be marked completed once."
)
FUTURE_NOT_DONE = "the future has no result yet: wait() waits for it"
# set_exception: AssertionError for what is no exception.
NO_EXCEPTION = "{result} is of type {kind}, not an Exception."
