"""Scripts with one difference planted between the frameworks: each is found at its very call and line.

`FAULT` in a script is true under this package when the fault is planted, and false otherwise; then the verdict must be
that the two runs are the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinygrad_mlp.compare import scripts

START = """
import torch
from torch import nn
import torch.nn.functional as F
FAULT = {fault} and "tinygrad" in torch.__version__
x = torch.randn(8, 3)
t = torch.tensor([0, 1] * 4)
"""

SCRIPTS = {
    "function": """
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def backward(ctx, g):
                return g * (2.1 if FAULT else 2)  # here
        model = nn.Linear(3, 2)
        for i in range(4):
            y = Twice.apply(model(x))
            loss = F.cross_entropy(y, t)
            loss.backward()
            print(i, loss.item())
        """,
    "hook": """
        model = nn.Linear(3, 2)
        for i in range(3):
            y = model(x)
            y.register_hook(lambda g: g.clamp(max=0.01 if FAULT and i == 1 else 0.05))  # here
            loss = F.cross_entropy(y, t)
            loss.backward()
            print(i, loss.item())
        """,
    "float32_gradient": """
        torch.set_default_dtype(torch.float64)
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x
            @staticmethod
            def backward(ctx, g):
                x, = ctx.saved_tensors
                return (g * 2 * x).float().double() if FAULT else g * 2 * x
        w = torch.randn(3, 2, requires_grad=True)
        x = x.double()
        for i in range(3):
            h = x @ w
            loss = Square.apply(h).sum()  # here
            loss.backward()
        """,
    "operator": """
        if FAULT:
            import broken
        model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for i in range(7):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), t)  # here
            loss.backward()
            optimizer.step()
        """,
    "dropout": """
        model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for i in range(4):
            if FAULT and i == 2:
                torch.rand(3)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), t)  # here
            loss.backward()
            optimizer.step()
        """,
    "zero_grad": """
        model = nn.Linear(3, 2)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for i in range(4):
            if not (FAULT and i == 2):
                optimizer.zero_grad()
            loss = F.cross_entropy(model(x), t)
            loss.backward()  # here
            optimizer.step()
        """,
    "weight_decay": """
        first, second = nn.Linear(3, 4), nn.Linear(4, 2)
        decays = [0.0, 0.5] if FAULT else [0.5, 0.0]
        groups = [{"params": m.parameters(), "weight_decay": d} for m, d in zip([first, second], decays)]
        optimizer = torch.optim.SGD(groups, lr=0.1)
        for i in range(3):
            optimizer.zero_grad()
            loss = F.cross_entropy(second(first(x).tanh()), t)
            loss.backward()
            optimizer.step()  # here
        """,
    "refused": """
        w = torch.randn(3, 2, requires_grad=True)
        for i in range(3):
            loss = F.cross_entropy(x @ w, t)
            loss.backward()
            if FAULT and i == 1:
                w.add_(w.grad)  # here
        """,
    "nan": """
        w = torch.randn(3, 2, requires_grad=True)
        for i in range(4):
            scale = torch.tensor(-1.0 if FAULT and i == 2 else 1.0)  # here
            h = torch.log(scale * torch.exp(x @ w))
            loss = F.cross_entropy(h, t)
            loss.backward()
        """,
    "prints": """
        model = nn.Linear(3, 2)
        for i in range(4):
            loss = F.cross_entropy(model(x), t)
            loss.backward()
            print("step", i, "error" if FAULT and i == 2 else "loss", loss.item())
        """,
    "ends": """
        model = nn.Linear(3, 2)
        for i in range(4):
            loss = F.cross_entropy(model(x), t)
            loss.backward()
            if FAULT and i == 2:
                break
            y = model.weight * 2  # here
        """,
    "no_backward": """
        with torch.no_grad():
            a = torch.exp(x)
            b = a.clamp(max=2.0 if FAULT else 3.0)  # here
            print(b.sum().item())
        """,
    "arguments": """
        import sys
        lines = [float(line) for line in sys.stdin]
        model = nn.Linear(3, 2)
        scale = float(sys.argv[1]) * (lines[0] + FAULT)
        loss = F.cross_entropy(model(x) * scale, t)  # here
        loss.backward()
        print(sys.argv[1:], lines)
        """,
}
# A program that breaks one operator of the package: its 5th result is wrong in one element.
BROKEN = """
import types
from tinygrad_mlp.ops import activations
real = types.FunctionType(activations._sigmoid.__code__, activations.__dict__)
results = []
def wrong(input):
    out = real(input)
    results.append(out)
    if len(results) == 5:
        out[0, 1] += 1e-3
    return out
activations.wrong = wrong
activations._sigmoid.__code__ = (lambda input: wrong(input)).__code__
"""

# What the verdict says of each; `{line}` is that of the comment `here`.
VERDICTS = {
    "function": "they part at step 1: the 1st call of `mul`, script.py:{line}, differs by ",
    "hook": "they part at step 2: the 1st call of `clamp`, script.py:{line}, differs by ",
    "float32_gradient": "they part at step 1: the backward of the 1st call of `Square`, script.py:{line}, differs by ",
    "operator": "they part at step 5: the 1st call of `Sigmoid`, script.py:{line}, differs by 0.001",
    "dropout": "they part at step 3: the 1st call of `Dropout`, script.py:{line}, differs by ",
    "zero_grad": "they part at step 3: the gradient of `Linear.weight` after `backward`, script.py:{line}, differs by ",
    "weight_decay": "they part at step 1: `SGD.step`, script.py:{line}, differs by ",
    "refused": "tinygrad_mlp stops: RuntimeError: a leaf Variable that requires grad is being used in an in-place "
    "operation. (script.py:{line})",
    "nan": "they part at step 3: the 1st call of `tensor`, script.py:{line}, differs by 2",
    "prints": "they print other things, from line 3 on",
    "ends": "they part at step 4: tinygrad_mlp ends, torch calls `mul` (script.py:{line})",
    "no_backward": "they part at step 1: the 1st call of `clamp`, script.py:{line}, differs by ",
    "arguments": "they part at step 1: the 1st call of `mul`, script.py:{line}, differs by ",
}


def planted(folder: Path, name: str, fault: bool) -> tuple[Any, int]:
    """Compare a script with or without its fault; the comparison and the line of the comment `here`."""
    import textwrap

    source = START.format(fault=fault) + textwrap.dedent(SCRIPTS[name])
    folder.joinpath("script.py").write_text(source)
    folder.joinpath("broken.py").write_text(BROKEN)
    line = next((i for i, text in enumerate(source.splitlines(), 1) if text.endswith("# here")), 0)
    arguments = [str(folder / "script.py"), "2.5"]
    return scripts(arguments, stdin=b"1.0\n"), line


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_planted_difference_is_found_at_its_call_and_line(name: str, tmp_path: Path) -> None:
    comparison, line = planted(tmp_path, name, True)
    first = str(comparison).splitlines()[0]
    assert first.startswith(VERDICTS[name].format(line=line)), str(comparison)
    assert not comparison.same
    with pytest.raises(AssertionError, match=r"they part|stops|print other"):
        comparison.assert_same()


@pytest.mark.parametrize("name", SCRIPTS)
def test_without_it_the_runs_are_the_same(name: str, tmp_path: Path) -> None:
    comparison, _ = planted(tmp_path, name, False)
    assert str(comparison).splitlines()[0].startswith("same "), str(comparison)
    assert comparison.same and comparison.parting is None and comparison.line is None
    comparison.assert_same()
