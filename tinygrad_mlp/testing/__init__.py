"""Tools for testing operators: a sampler of arguments, and torch as the oracle. Needs hypothesis and torch."""
