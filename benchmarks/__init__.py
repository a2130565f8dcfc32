"""One training step at six sizes: `tinygrad_mlp` beside NumPy by hand, torch and their peers."""
