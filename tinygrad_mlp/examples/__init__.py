"""One network, five times, each with less written by hand: `python -m tinygrad_mlp.examples.tensors`.

64 made-up rows, 1000 numbers in, 10 out, one hidden layer of 100; every program prints the step and the squared error.
From `tensors` on they are torch programs but for the line that imports torch.
"""
