"""`tinygrad-mlp check`: what it takes, what it shows, and its exit codes."""

from __future__ import annotations

import json
import sys

import pytest

from support import commands
from tinygrad_mlp.cli import main

without = commands.without

OWN = """\
import numpy as np
{torch}

def right(x, w, scale=2):
    return (x * w).softmax(1) * scale

def product(x, w):
    return x @ w

class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx, g):
        return -g * ctx.saved_tensors[0].cos()

class Separate(torch.autograd.Function):
    @staticmethod
    def forward(x, w):
        return x * w

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g * w, g * x

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(5, 2)

    def forward(self, x):
        return Wrong.apply(self.layer(x))

class Needy(torch.nn.Module):
    def __init__(self, n):
        super().__init__()

layer = torch.nn.Linear(6, 2)
pair = (np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2))
words = "no function"
"""

IMPORTS = ["import torch", "import tinygrad_mlp as torch"]


@pytest.fixture(params=IMPORTS, ids=["torch", "tinygrad_mlp"])
def own(request, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN.format(torch=request.param))
    return str(path)


@pytest.mark.parametrize("name", ["right", "Separate", "layer", "pair"])
def test_right(own, name, capsys):
    assert main(["check", f"{own}:{name}"]) == 0
    out, err = capsys.readouterr()
    assert out.split()[:3] == ["input", "order", "entries"] and "are right" in out and not err


def test_wrong(own, capsys):
    assert main(["check", f"{own}:Wrong", "--order", "1"]) == 1
    out = capsys.readouterr().out
    assert "the sign is wrong" in out and "12 of 12 entries are wrong" in out
    assert "assert_gradients(Wrong, x, order=1)" in out


def test_a_module_class_is_made_and_its_parameters_are_checked(own, capsys):
    assert main(["check", f"{own}:Net", "--json", "--order", "1"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [(row["input"], row["verdict"], row["entries"]) for row in report["rows"]] == [
        ("x", "wrong", 15), ("layer.weight", "wrong", 10), ("layer.bias", "wrong", 2)
    ]  # fmt: skip


def test_shapes_and_seed(own, capsys):
    target = ["check", f"{own}:product", "--json", "--order", "1"]
    assert main([*target, "--shape", "2,3", "3,5"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert [row["entries"] for row in first["rows"]] == [6, 15]
    assert main([*target, "--shape", "2,3", "--shape", "3,5"]) == 0
    capsys.readouterr()
    numbers = []
    for seed in ("0", "1"):
        assert main(["check", f"{own}:Wrong", "--json", "--seed", seed]) == 1
        numbers.append(json.loads(capsys.readouterr().out)["rows"][0]["given"])
    assert numbers[0] != numbers[1]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("product", [], "cannot be run with inputs of the shapes (3, 4), (3, 4); are others needed, by --shape? ("),
        ("missing", [], "own.py has no missing"),
        ("words", [], "a function, a Function class, a module or a pair of NumPy functions can be checked"),
        ("Needy", [], "Needy needs arguments, so name an instance of it"),
    ],
)
def test_what_cannot_be_checked(own, name, options, message, capsys):
    assert main(["check", f"{own}:{name}", *options]) == 2
    out, err = capsys.readouterr()
    assert message in err and err.count("\n") == 1 and err.startswith(f"{own}:{name}: ") and not out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("missing.py:f", "cannot be imported (No such file or directory)"),
        ("broken.py:f", "cannot be imported (ZeroDivisionError: division by zero)"),
        ("no_such_module:f", "cannot be imported (ModuleNotFoundError: "),
        ("own.py", "say what to check as MODULE:NAME or FILE.py:NAME"),
    ],
)
def test_files_that_cannot_be_imported(target, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert main(["check", target]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert sys.path == before


def test_wrong_options(capsys):
    assert main(["check", "a:b", "--shape", "three"]) == 2
    assert "must be numbers with commas, as 3,4, not 'three'" in capsys.readouterr().err
    assert main(["check"]) == 2
    assert main(["check", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: tinygrad-mlp check")


def test_a_module_on_the_path(capsys):
    assert main(["check", "tinygrad_mlp:tanh"]) == 0
    assert main(["check", "torch:sin", "--shape", "2,2"]) == 0
    assert main(["check", "torch:sin"]) == 2
    assert "give the shape of each input by --shape" in capsys.readouterr().err


def test_torch_means_this_package_where_it_is_not_installed(tmp_path, without):
    (tmp_path / "own.py").write_text(OWN.format(torch="import torch"))
    done = commands.run(tmp_path, "check", "own.py:right", before=without("torch"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 of 5 gradients are right" in done.stdout
