"""Every block of the README is run: programs print what stands below them, commands exist, files are as they are shown.

The blocks of a section share one namespace, which begins with the names of the first program.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
import subprocess
import sys
import traceback
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from sybil import Document, Sybil
from sybil.parsers.markdown import CodeBlockParser

from support import ROOT
from tinygrad_mlp.ops import TABLE

README = ROOT / "README.md"
RUNS_IN_CI = ("python3 -m venv .venv",)  # the main job and the tests themselves, by .ci/run
LEFT = "python -m benchmarks"  # which take minutes; tests/package/test_benchmarks.py has them


class Reader:
    """Evaluates the blocks of the README one after the other."""

    def __init__(self) -> None:
        self.printed = ""
        self.following = ""  # the block after the one that runs: it may show an exception
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.first: dict[str, object] = {}  # the names that the first program leaves
        self.section = ""
        self.count = 0

    def python(self, example) -> None:
        if example.parsed.startswith("def step():"):  # the source that has been printed
            self.text(example)
            return
        section = example.document.text[: example.start].rpartition("\n## ")[2].partition("\n")[0]
        if section != self.section:
            self.first = self.first or dict(self.names) if self.section else {}
            self.section, self.names = section, {"__name__": "__main__", **self.first}
        self.count += 1
        file = f"program_{self.count}.py"
        linecache.cache[file] = (len(example.parsed), None, example.parsed.splitlines(True), file)
        output = io.StringIO()
        with contextlib.redirect_stdout(output), declaring(example.parsed):
            try:
                exec(compile(example.parsed, file, "exec"), self.names)
            except Exception as error:
                if not self.following.startswith(type(error).__name__):
                    raise
                output.write("".join(traceback.format_exception_only(error)))
        self.printed = output.getvalue()
        if "print(step.source)" in example.parsed:
            self.printed = getattr(self.names["step"], "source", self.printed)

    def text(self, example) -> None:
        expected = example.parsed
        if re.match(r"\w+Error: ", expected) and sys.version_info < (3, 11):
            expected = expected.splitlines()[0]  # exceptions have notes since 3.11
        said, shown = (without_lines(text).split() for text in (self.printed, expected))
        assert len(said) == len(shown) and all(map(alike, said, shown)), self.printed

    def shell(self, example) -> None:
        for line in example.parsed.splitlines():
            command = line.partition("  #")[0].strip()
            if not command.startswith((*RUNS_IN_CI, LEFT)):
                run(command)


@contextlib.contextmanager
def declaring(program: str):
    """Rows that a block declares stand in the table as long as it runs, in the place of those of their names."""
    if "tinygrad_mlp.ops" not in program:
        yield
        return
    with mock.patch.dict(TABLE, clear=True):
        yield


def without_lines(text: str) -> str:
    """A text without lines and files, which are those of the reader's program, and without the numbers behind names.

    A name in a compiled step has a number where the name itself is taken, which it is by other calls in older NumPy.
    """
    return re.sub(r"\b([a-z]+)_\d+\b", r"\1", re.sub(r"\b\w+\.py:\d+", "FILE", text)).strip()


def alike(said: str, shown: str) -> bool:
    """Whether two words are equal; numbers may differ in their last digits, by another order of a sum."""
    try:
        return said == shown or abs(float(said) - float(shown)) <= 1e-3 * abs(float(shown)) + 1e-9
    except ValueError:
        return said == shown


def run(command: str) -> None:
    """Run a command; where it names a file or a script that is the reader's, ask whether it knows its options."""
    words = shlex.split(re.sub(r"\[.*?\]", "", command))
    assert words[0] == "tinygrad-mlp", command
    arguments = words[1:]
    if any(re.search(r"\b[A-Z]{4,}\b", word) or word.startswith("layers.py") for word in arguments):
        arguments = [arguments[0], "--help"]
    elif arguments == ["train"]:
        arguments += ["--epochs", "1"]
    subprocess.run([sys.executable, "-m", "tinygrad_mlp", *arguments], check=True, capture_output=True)


def blocks(reader: Reader) -> Document:
    parsers = [
        CodeBlockParser(language="python", evaluator=reader.python),
        CodeBlockParser(language="text", evaluator=reader.text),
        CodeBlockParser(language="sh", evaluator=reader.shell),
    ]
    return Sybil(parsers=parsers).parse(README)


@pytest.fixture
def flowers(tmp_path, monkeypatch):
    """The tables that the README's programs read, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    rng = np.random.default_rng(0)
    sizes = rng.normal(size=(90, 2)) + 3 * np.repeat([[0, 0], [1, 0], [0, 1]], 30, axis=0)
    rows = [
        f"{a:.2f},{b:.2f},{kind}" for (a, b), kind in zip(sizes, np.repeat(["iris", "rose", "tulip"], 30), strict=True)
    ]
    Path("flowers.csv").write_text("\n".join(["length,width,kind", *rows]))
    Path("others.csv").write_text("\n".join(["length,width", *(row.rpartition(",")[0] for row in rows[:5])]))


def test_every_block_does_what_the_readme_says(flowers):
    reader = Reader()
    found = list(blocks(reader).examples())
    assert len(found) == len(re.findall(r"^```\w*$", README.read_text(encoding="utf-8"), re.MULTILINE)) // 2
    for example, following in zip(found, [*found[1:], None], strict=True):
        reader.following = following.parsed if following else ""
        example.evaluate()
