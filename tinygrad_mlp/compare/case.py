"""A reproduction of what a comparison has found: a script of a few lines, and the arrays that go in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .blame import Parting
from .comparison import Comparison
from .records import COTANGENT, OUTPUT
from .refusals import NO_CASE, NO_TEXT


class NoCase(ValueError):
    """There is nothing to reproduce, or the call cannot be written down."""


def write_case(comparison: Comparison, folder: str | Path) -> Path:
    """Write `case.py` and `inputs.npz` into a folder, which is made, and return the path of the script.

    `python case.py` computes the blamed call under torch, `python case.py tinygrad_mlp` under this package, and
    prints the worst element. A Function that the program has defined, and a step of an optimiser, come along in
    `function.py`. NoCase where no call is to blame, or where one of its arguments cannot be written down.
    """
    parting = comparison.parting
    if parting is None or not parting.seen:
        raise NoCase(NO_CASE)
    described = parting.described or {}
    if not described.get("text") or ("source" in described and not described["source"]):
        raise NoCase(NO_TEXT.format(name=parting.call.name))
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    arrays = {f"x{i}": array for i, array in enumerate(parting.inputs)}
    if _is_gradient(parting):
        arrays["cotangent"] = parting.cotangent  # type: ignore[assignment]
    np.savez(target / "inputs.npz", **arrays)  # type: ignore[arg-type]
    if described.get("source"):
        (target / "function.py").write_text(described["source"], encoding="utf-8")
    path = target / "case.py"
    several = len(comparison.ours.arrays_of(parting.event.ours.number, OUTPUT)) > 1
    path.write_text("\n".join(_lines(parting, described, several)) + "\n", encoding="utf-8")
    return path


def _is_gradient(parting: Parting) -> bool:
    return parting.event.role == COTANGENT and len(parting.readers) == 1 and parting.cotangent is not None


def _lines(parting: Parting, described: dict[str, str], several: bool) -> list[str]:
    """The lines of the script; `several` says that the call has several results."""
    names = [f"x{i}" for i in range(len(parting.inputs))]
    lines = [
        "import sys, pathlib, numpy as np",
        'torch = __import__(sys.argv[1] if sys.argv[1:] else "torch")',
        "folder = pathlib.Path(__file__).parent",
        'arrays = np.load(folder / "inputs.npz")',
        f"{', '.join(names)}{',' if len(names) == 1 else ''} = (torch.tensor(arrays[name]) for name in {names})"
        if names
        else "torch.manual_seed(0)",
    ]
    if described.get("source"):
        lines.append('exec((folder / "function.py").read_text())')
    if _is_gradient(parting):
        wanted = f"x{parting.readers[0].slot}"
        lines.append(f"{wanted}.requires_grad_()")
        lines.append(f"out = {described['text']}")
        lines.append(f'found = torch.autograd.grad(out, {wanted}, torch.tensor(arrays["cotangent"]))[0]')
    else:
        lines.append(f"found = {described['text']}" + (f"[{parting.event.slot}]" if several else ""))
    index = f"[{', '.join(map(str, parting.index))}]" if parting.index else ""
    lines.append(f"print(torch.__version__, found.dtype, tuple(found.shape), found{index}.item())")
    return lines
