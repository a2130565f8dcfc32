"""What a program allows files to name, and what it gets when it trusts a file."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.checkpoints import loaded, refused_pickle, saved
from tinygrad_mlp import serialization


class Evil:
    """An object whose pickle calls a function."""

    def __reduce__(self) -> Any:
        return print, ("ran",)


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y


class Slotted:
    __slots__ = ("x",)


def test_safe_globals_are_torchs() -> None:
    content = saved(torch, {"p": Point(1, 2), "t": torch.ones(2)})
    for framework in (torch, tinygrad_mlp):
        before = framework.serialization.get_safe_globals()
        with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL \S*Point was not an allowed global by default"):
            loaded(framework, content)
        for allowed in (Point, (Point, f"{Point.__module__}.Point")):
            with framework.serialization.safe_globals([allowed]):
                assert set(framework.serialization.get_safe_globals()) == {*before, allowed}
                assert vars(loaded(framework, content)["p"]) == {"x": 1, "y": 2}
            assert set(framework.serialization.get_safe_globals()) == set(before)


def test_what_was_allowed_is_taken_back() -> None:
    content = saved(torch, Point(1, 2))
    serialization.add_safe_globals([Point, Slotted])
    assert serialization.get_safe_globals() == [Point, Slotted] and loaded(tinygrad_mlp, content).y == 2
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == [] and "Point was not an allowed" in refused_pickle(content)


@pytest.mark.parametrize(("pair", "error"), [((Point,), ValueError), ((Point, 1), TypeError)])
def test_wrong_pairs_are_refused_as_by_torch(pair: Any, error: type[Exception]) -> None:
    content, texts = saved(torch, Point(1, 2)), []
    for framework in (torch, tinygrad_mlp):
        with framework.serialization.safe_globals([pair]), pytest.raises(error) as raised:
            loaded(framework, content)
        texts.append(str(raised.value))
    assert texts[0] == texts[1]


def test_slots_are_set() -> None:
    slotted = Slotted()
    slotted.x = [1]  # type: ignore[attr-defined]
    with serialization.safe_globals([Slotted]):
        assert loaded(tinygrad_mlp, saved(tinygrad_mlp, slotted)).x == [1]


def test_numpys_scalars_and_arrays_are_allowed_by_name() -> None:
    content = saved(torch, [np.float64(1.5), np.arange(3)])
    assert "GLOBAL numpy._core.multiarray.scalar" in refused_pickle(content)
    allowed: list[Any] = [np._core.multiarray.scalar, np.dtype, type(np.dtype(np.float64)), type(np.dtype(np.int64))]  # type: ignore[attr-defined]
    allowed += [np._core.multiarray._reconstruct, np.ndarray]  # type: ignore[attr-defined]
    found = []
    for framework in (torch, tinygrad_mlp):
        with framework.serialization.safe_globals(allowed):
            found.append(loaded(framework, content))
    for theirs, ours in zip(*found, strict=True):
        assert type(ours) is type(theirs) and np.array_equal(ours, theirs)


def test_the_names_in_a_file_are_listed() -> None:
    content = saved(torch, [Point(1, 2), OrderedDict(), Counter("a"), np.float64(1), torch.ones(2)])
    for data in (content, saved(tinygrad_mlp, loaded(tinygrad_mlp, content, weights_only=False), pickle_protocol=4)):
        ours = serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
        assert ours == sorted(torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content)))
    with pytest.raises(ValueError, match="Expected input to be a checkpoint"):
        serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(b"no archive"))


def test_a_file_runs_only_where_it_is_trusted(capsys: pytest.CaptureFixture[str]) -> None:
    content = saved(torch, Evil())
    refused_pickle(content)
    assert capsys.readouterr().out == ""
    loaded(tinygrad_mlp, content, weights_only=False)
    assert capsys.readouterr().out == "ran\n"


def test_classes_of_this_package_are_allowed_by_torchs_names() -> None:
    content = saved(torch, torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU()))
    assert "GLOBAL torch.nn.modules.container.Sequential" in refused_pickle(content)
    nn = tinygrad_mlp.nn
    with serialization.safe_globals([nn.Sequential, nn.Linear, nn.ReLU]):
        net = loaded(tinygrad_mlp, content)
    theirs = loaded(torch, content, weights_only=False)(torch.tensor([1.0, 2.0])).tolist()
    assert net(tinygrad_mlp.tensor([1.0, 2.0])).tolist() == pytest.approx(theirs, rel=1e-6)


def test_importing_the_package_does_not_import_this() -> None:
    code = "import sys, tinygrad_mlp; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "serialization" not in done.stdout and "zipfile" not in done.stdout
