"""Torch's own database of operators and modules, run under torch and under tinygrad_mlp.

`python -m tests.database` prints which entries are whole, and what the others lack; names as arguments run some.
"""
