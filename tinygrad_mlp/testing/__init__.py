"""Tools that test operators: `sampler` draws their arguments, and `oracle` asks torch what the results should be.

They need hypothesis and torch, so nothing is imported here: a test imports `testing.sampler` or `testing.oracle`.
"""
