"""Saves a program as a Python file that runs without this package, with its arrays in a .npz file beside it.

A program in loops needs numba; `loops/alone.py` has the text of what it calls.

`CompiledStep.save` calls it:

    step.save("step.py", steps=10)  # then `python step.py` does ten steps and prints their losses
"""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from ..random import Generator
from . import loops
from .emit import Source
from .lines import Program
from .recording import memory_of
from .refusals import DRAWS, NOT_AN_ARRAY, SHARED_MEMORY

_HEAD = '''\
"""{title}, one training step, as {kind}: `python {name}` runs it {steps} times and prints what it returns.

The arrays to start from are in {data}. Written by tinygrad_mlp, which it does not need.
"""
{imports}

start = np.load(Path(__file__).with_suffix(".npz"))
'''

_GENERATOR = '''

class Generator:
    """The random bits of the program: MT19937, from where it stood."""

    def __init__(self, state, position):
        self.bits = np.random.MT19937(0)
        self.bits.state = {"bit_generator": "MT19937", "state": {"key": state, "pos": int(position)}}

    def bernoulli(self, p, shape):
        """True with probability p: 53 bits of two words, the high one first, below p."""
        words = self.bits.random_raw(2 * math.prod(shape))
        units = ((words[::2] << np.uint64(32)) | words[1::2]) & np.uint64(2**53 - 1)
        return (units < np.uint64(math.ceil(p * 2**53))).reshape(shape)
'''


def save(path: str | Path, compiled: Any, steps: int) -> None:
    """Write a program to `path`, and its arrays to the .npz file of the same name.

    Parameters, buffers and optimiser state start with their present values; the arguments are those of the recorded
    call. ValueError for a program that needs more than NumPy and SciPy, and numba where it is written in loops.
    """
    path = Path(path)
    written = None
    if compiled.written is None:
        program, source = compiled.emitted(None)
    else:
        program, source, written = compiled.emitted_loops()
    helpers = {name: x for name, x in source.helpers.items() if not isinstance(x, loops.LoopsFunction)}
    _check(program, source)
    _check_memory(source)
    arrays, lines = _arrays(source)
    arguments = _arguments(program, source, compiled, arrays)
    loaded = "".join(f'    {word} = start["{word}"]\n' for word in arguments if word.startswith("argument_"))
    generators = [x for x in source.namespace.values() if isinstance(x, Generator)]
    scipy = ["from scipy import special"] * any(isinstance(x, np.ufunc) for x in helpers.values())
    imports = ["import math"] * bool(generators) + ["from pathlib import Path", "", "import numpy as np", *scipy]
    if written is not None:
        imports = [*loops.alone.imports(written), *scipy]
    parts = [
        _HEAD.format(title=compiled.title, name=path.name, data=path.with_suffix(".npz").name, steps=steps,
                     kind="NumPy" if written is None else "loops that numba compiles", imports="\n".join(imports)),
        "\n".join(lines),
        *([_GENERATOR] if generators else []),
        *(_generator(name, x, arrays) for name, x in source.namespace.items() if isinstance(x, Generator)),
        *(f"\n\n{_text_of(name, helper)}" for name, helper in helpers.items()),
        *([] if written is None else [f"\n\n{loops.alone.text_of(written)}"]),
        f"\n\n{source.text}",
        f'\n\nif __name__ == "__main__":\n{loaded}    for number in range({steps}):\n'
        f"        result = {compiled.title}({', '.join(arguments)})\n        print(number, {_loss(program)})\n",
    ]  # fmt: skip
    text = "\n".join(part.rstrip("\n") for part in parts) + "\n"
    with path.with_suffix(".npz").open("wb") as file:
        np.savez(file, **arrays)
    path.write_text(text, encoding="utf-8")


def _check(program: Program, source: Source) -> None:
    for line in program.lines:
        if getattr(line.function, "draws", False) and line.function.__name__ != "bernoulli":
            raise ValueError(DRAWS.format(method=line.function.__name__))
    for name, kind in source.kinds.items():
        if kind == "constant" and not isinstance(source.namespace[name], (np.ndarray, Generator)):
            raise ValueError(NOT_AN_ARRAY.format(name=name, kind=type(source.namespace[name]).__name__))


def _check_memory(source: Source) -> None:
    owners: dict[int, str] = {}
    for name, x in source.namespace.items():
        if isinstance(x, np.ndarray) and source.kinds.get(name) == "captured":
            other = owners.setdefault(id(memory_of(x)), name)
            if other != name:
                raise ValueError(SHARED_MEMORY.format(first=other, second=name))


def _arrays(source: Source) -> tuple[dict[str, Any], list[str]]:
    """The arrays to save, and the statements that load them by their names; buffers are made empty."""
    arrays, lines = {}, []
    for name, x in source.namespace.items():
        if not isinstance(x, np.ndarray):
            continue
        if source.kinds.get(name, "buffer") == "buffer":
            order = "" if x.flags.c_contiguous else ', order="F"'
            kind = "bool_" if x.dtype == bool else x.dtype.name
            lines.append(f"{name} = np.empty({x.shape}, np.{kind}{order})")
        else:
            arrays[name] = x
            lines.append(f'{name} = start["{name}"]')
    return arrays, lines


def _arguments(program: Program, source: Source, compiled: Any, arrays: dict[str, Any]) -> list[str]:
    words = []
    for value in program.inputs:
        name = source.names[value]
        arrays[f"argument_{name}"] = value.array
        words.append(f"argument_{name}")
    return [*words, *(repr(number.source.now()) for number in program.numbers)]


def _generator(name: str, generator: Generator, arrays: dict[str, Any]) -> str:
    state = generator._mt19937.state["state"]
    arrays[f"{name}_state"], arrays[f"{name}_position"] = state["key"], np.array(state["pos"])
    return f'\n\n{name} = Generator(start["{name}_state"], start["{name}_position"])'


def _loss(program: Program) -> str:
    """The expression that is printed after each step: the first result with one element, else the first result."""
    if not program.outputs:
        return '"done"'
    scalar = next((i for i, value in enumerate(program.outputs) if not value.shape), 0)
    return "result" if len(program.outputs) == 1 else f"result[{scalar}]"


def _text_of(name: str, function: Any) -> str:
    """The source of a helper function without its annotations, whose types the file does not know."""
    if isinstance(function, np.ufunc):
        return f"{name} = special.{function.__name__}"
    text = textwrap.dedent(inspect.getsource(function))
    lines = [line for line in text.splitlines() if not line.startswith("@")]
    signature = inspect.signature(function)
    plain = signature.replace(
        parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()],
        return_annotation=signature.empty,
    )
    start = next(i for i, line in enumerate(lines) if line.rstrip().endswith(":"))
    messages = [
        f"{word} = {text!r}\n\n"
        for word in function.__code__.co_names
        if isinstance(text := function.__globals__.get(word), str)
    ]
    return "\n".join([*messages, f"def {name}{plain}:", *lines[start + 1 :]])
