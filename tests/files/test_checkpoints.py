"""Files of torch's format: each framework reads what the other has written, to the last stride and shared memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support.checkpoints import DTYPES, OBJECTS, described, loaded, saved

RANDOM_NUMBERS = ("state dict", "SGD", "Adam", "AdamW")  # of which torch's are written and read


def made(name: str, t: Any) -> Any:
    """An object under a framework, with the numbers that torch draws."""
    if name in RANDOM_NUMBERS and t is tinygrad_mlp:
        return loaded(tinygrad_mlp, saved(torch, made(name, torch)))
    torch.manual_seed(0)
    return OBJECTS[name](t)


@pytest.mark.parametrize("name", OBJECTS)
def test_ours_is_read_by_torch_as_torchs_own(name: str) -> None:
    theirs = loaded(torch, saved(torch, made(name, torch)))
    assert described(loaded(torch, saved(tinygrad_mlp, made(name, tinygrad_mlp)))) == described(theirs)


@pytest.mark.parametrize("name", OBJECTS)
def test_torchs_is_read_as_torch_reads_it(name: str) -> None:
    content = saved(torch, made(name, torch))
    assert described(loaded(tinygrad_mlp, content)) == described(loaded(torch, content))


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("options", [{}, {"pickle_protocol": 4}, {"pickle_protocol": 5}], ids=str)
def test_ours_is_read_as_it_was(name: str, options: Any) -> None:
    ours = made(name, tinygrad_mlp)
    again = loaded(tinygrad_mlp, saved(tinygrad_mlp, ours, **options))
    if "computed" in name:  # what comes out of a file has no history
        ours = loaded(tinygrad_mlp, saved(torch, made(name, torch)))
    assert described(again) == described(ours)
    assert described(loaded(tinygrad_mlp, saved(tinygrad_mlp, ours), weights_only=False)) == described(ours)


NUMPYS = ("part of nothing", "an empty part")  # whose offset NumPy does not keep
OTHER_BYTES = (*RANDOM_NUMBERS, *NUMPYS, "set")  # a set has no order


@pytest.mark.parametrize("name", [name for name in OBJECTS if name not in OTHER_BYTES])
def test_the_bytes_are_torchs(name: str) -> None:
    """Up to the last record, which torch adds: a hash by which it counts files."""
    theirs, ours = saved(torch, made(name, torch)), saved(tinygrad_mlp, made(name, tinygrad_mlp))
    last = zipfile.ZipFile(io.BytesIO(theirs)).getinfo("archive/.data/serialization_id").header_offset
    assert ours[:last] == theirs[:last]


@pytest.mark.parametrize("name", ["a.pt", "model.tar.gz", "noext", "ä.pt", "a b.pth", "UPPER.PT"])
def test_the_folder_in_the_archive_is_torchs(tmp_path: Path, name: str) -> None:
    folders = []
    for framework in (torch, tinygrad_mlp):
        framework.save([framework.ones(2)], tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as archive:
            folders.append(archive.namelist()[0])
            assert archive.testzip() is None
        assert loaded(torch, (tmp_path / name).read_bytes())[0].tolist() == [1, 1]
    assert folders[0] == folders[1]


# -- objects of any kind ---------------------------------------------------------------------------


@st.composite
def recipes(draw: st.DrawFn) -> Any:
    """How to make an object: some tensors, views of them, and containers of both."""
    bases = draw(
        st.lists(st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 4), max_size=3)), min_size=1, max_size=3)
    )
    views = draw(
        st.lists(
            st.tuples(st.integers(0, 9), st.sampled_from(["same", "t", "part", "flat", "row", "grad"])), max_size=4
        )
    )
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.binary(min_size=1, max_size=3)
    )
    tensors = st.integers(0, 9).map(lambda i: ("tensor", i))
    shape = st.recursive(
        tensors | leaves.map(lambda value: ("leaf", value)),
        lambda inner: (
            st.tuples(st.sampled_from(["list", "tuple"]), st.lists(inner, max_size=4))
            | st.tuples(st.just("dict"), st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3))
        ),
        max_leaves=8,
    )
    return bases, views, draw(shape)


def cooked(recipe: Any, t: Any) -> Any:
    bases, views, shape = recipe
    tensors = []
    for dtype, size in bases:
        count = torch.Size(size).numel()
        tensors.append((t.arange(count) % 7).to(getattr(t, dtype)).reshape(size))
    for index, kind in views:
        x = tensors[index % len(tensors)]
        if kind == "t" and x.ndim > 1:
            x = x.transpose(0, 1)
        elif kind == "part" and x.ndim:
            x = x[1:]
        elif kind == "flat":
            x = x.reshape(-1)
        elif kind == "row" and x.ndim and x.shape[0]:
            x = x[-1]
        elif kind == "grad" and x.is_floating_point():
            x = x.detach().requires_grad_()
        tensors.append(x)

    def build(node: Any) -> Any:
        kind, value = node
        if kind == "tensor":
            return tensors[value % len(tensors)]
        if kind == "dict":
            return {key: build(each) for key, each in value.items()}
        return {"list": list, "tuple": tuple, "leaf": lambda x: x}[kind](map(build, value) if kind != "leaf" else value)

    return build(shape)


@given(recipe=recipes())
def test_any_object_goes_both_ways(recipe: Any) -> None:
    theirs, ours = cooked(recipe, torch), cooked(recipe, tinygrad_mlp)
    content = saved(torch, theirs)
    wanted = described(loaded(torch, content))
    assert described(loaded(tinygrad_mlp, content)) == wanted
    written = saved(tinygrad_mlp, ours)
    assert described(loaded(torch, written)) == wanted
    assert described(loaded(tinygrad_mlp, written)) == wanted
