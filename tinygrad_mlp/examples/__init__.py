"""The training of one network as five programs, of which each leaves more of the work to the package.

Their order is `numpy_by_hand`, `tensors`, `sequential`, `optimizer`, `custom_module`; run one of them by
`python -m tinygrad_mlp.examples.tensors`. The data are 64 random rows of 1000 inputs and 10 outputs, the network has
one hidden layer of 100, and every program prints the step and the squared error. All but the first are torch programs
except for the line that imports torch.
"""
