"""One training step at four sizes: `tinygrad_mlp` beside NumPy by hand, torch and their peers."""
