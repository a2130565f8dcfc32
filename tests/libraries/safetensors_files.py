"""Weights to a .safetensors file and back, whole and by single tensors."""

import tempfile
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load, load_file, load_model, save, save_file, save_model

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "model.safetensors")
    save_model(model, path)
    print("missing and unexpected:", load_model(other, path))
    x = torch.randn(5, 3)
    print("same outputs:", torch.equal(model(x), other(x)))
    tensors = {"weights": torch.randn(2, 3).double(), "half": torch.ones(2).half(), "steps": torch.tensor(7)}
    save_file(tensors, path, metadata={"epoch": "3"})
    for name, tensor in sorted(load_file(path).items()):
        print(name, tensor.dtype, tuple(tensor.shape), torch.equal(tensor, tensors[name]))
    with safe_open(path, framework="pt", device="cpu") as file:
        print(sorted(file.keys()), file.metadata(), file.get_slice("weights")[:, 1:])
print(load(save({"flags": torch.tensor([True, False])})))
try:
    save_file({"a": model[0].weight, "b": model[0].weight}, "unused.safetensors")
except RuntimeError as error:
    print(type(error).__name__, "share memory" in str(error))
