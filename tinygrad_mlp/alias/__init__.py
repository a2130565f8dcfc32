"""`torch` as another name of this package, for the time of a run or for the rest of a process.

What is imported under the name torch is the very module of the package, so that `torch.Tensor is tinygrad_mlp.Tensor`.
"""

from .finder import install_as_torch, is_of_package, is_torch, renamed, torch_alias, within

__all__ = ["install_as_torch", "is_of_package", "is_torch", "renamed", "torch_alias", "within"]
