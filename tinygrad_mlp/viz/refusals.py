"""The texts of what this room refuses."""

# `tape` is given something else than a tensor.
NO_TENSOR = "tape(): argument 'tensor' must be Tensor, not {found}"
# `backward_steps` is given something else than a tensor.
NO_TENSOR_STEPS = "backward_steps(): argument 'tensor' must be Tensor, not {found}"
# The tensor is a leaf, a constant, or was computed where nothing is recorded.
NO_HISTORY = "the tensor has no tape: it was not computed from tensors that require grad, or under no_grad()"
# A picture needs positions, which an optional package finds.
NO_LAYOUT = "a picture of the tape needs graphlay, which the extra viz installs: pip install 'tinygrad_mlp[viz]'"
