"""Imported as `torch` in a process that a program has started which runs on this package: the package takes its place.

The import system hands out what stands in `sys.modules` when this file has run.
"""

import importlib
import sys

del sys.modules[__name__]
importlib.import_module("tinygrad_mlp").install_as_torch()
importlib.import_module("torch")
