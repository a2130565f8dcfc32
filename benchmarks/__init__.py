"""One training step at five sizes: `tinygrad_mlp` beside NumPy by hand, torch and their peers."""
