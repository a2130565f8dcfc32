"""The documentation of a row's function: complete, true, made from the row, and only when somebody asks for it."""

from __future__ import annotations

import inspect
import linecache
import pydoc
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_mlp
from support import oracle
from support.oracle import torch
from support.row_inputs import row_inputs
from tinygrad_mlp.ops import TABLE, Operator, docstring
from tinygrad_mlp.tensor import FUNCTIONS, INPLACE

ROWS = sorted(TABLE)

MM = """\
The product of two matrices.

Shapes: (n, k) and (k, m) to (n, m).
Dtypes: floating ones and integers, but no bools, the same for all arrays.
Refuses: RuntimeError for other shapes. NotImplementedError for other dtypes. RuntimeError for
    arrays of different dtypes. TypeError for a Python number in the place of an array.
Derivative: the cotangent of each input, where g is that of `out`, the result.
    input: product(g, mat2.T)
    mat2: product(input.T, g)

As torch.mm, with the node MmBackward0."""
ADD = """\
The sum of two arrays.

Shapes: any that broadcast together; the result has the shape that they broadcast to.
Dtypes: any; different ones are promoted as torch.result_type says.
Refuses: RuntimeError for shapes that do not broadcast together.
Derivative: the cotangent of each input, where g is that of `out`, the result; it is summed where the input was broadcast.
    input: g
    other: g
In place: `Tensor.add_`.

As torch.add, with the node AddBackward0."""  # noqa: E501
SUM = """\
The sum, of integers and bools as int64; or in `dtype`.

Shapes: the result has the shape of `input` without the dimensions `dim`; with `keepdim` they stay,
    of size 1. Without `dim` all elements are put into one.
Dtypes: any.
Refuses: IndexError for a dimension that the input does not have.
Derivative: the cotangent of each input, where g is that of `out`, the result.
    input: spread(g, input_shape, dim, keepdim)

As torch.sum, with the node SumBackward0."""
RELU = """\
max(x, 0); the derivative at 0 is 0.

Shapes: any; the result has the shape of `input`.
Dtypes: any.
Refuses: RuntimeError for bools.
Derivative: the cotangent of each input, where g is that of `out`, the result.
    input: threshold_backward(g, out)
In place: `Tensor.relu_`.

As torch.relu, with the node ReluBackward0."""
MAX = '''\
The largest element along a dimension and its index (that of the first among ties).

Shapes: the result has the shape of `input` without the dimensions `dim`; with `keepdim` they stay,
    of size 1.
Dtypes: any.
Refuses: IndexError where there is no element. IndexError for a dimension that the input does not
    have.
Derivative: the cotangent of each input, where g is that of `values`, the result.
    input:
        def at_index(g: Array, indices: Array, input_shape: tuple[int, ...], dim: int, keepdim: bool) -> Array:
            """The cotangent at the one element that was chosen, zeros elsewhere."""
            if not input_shape:
                return np.copy(g)
            d = axis(dim, len(input_shape))
            chosen = positions(input_shape, d) == spread(indices, input_shape, dim, keepdim)
            return np.where(chosen, spread(g, input_shape, dim, keepdim), 0)

As torch.max(input, dim), with the node MaxBackward0.'''
CAT = """\
The arrays, joined along a dimension that they have.

Shapes: alike but for the size along `dim`; the result has the sum of these. An empty vector joins
    anything.
Dtypes: any; different ones are promoted as torch.result_type says.
Refuses: ValueError for an empty list; RuntimeError for shapes that do not fit and for 0-d arrays.
    IndexError for a dimension that the input does not have.
Derivative: the cotangent of each input, where g is that of `out`, the result.
    tensors:
        def _uncat(g: Array, tensors_shape: Sequence[tuple[int, ...]], dim: int) -> list[Array]:
            parts, start = [], 0
            for shape in tensors_shape:
                if shape == (0,):  # torch lets an empty vector join anything
                    parts.append(np.zeros_like(g, shape=(0,)))
                    continue
                size = shape[axis(dim, len(shape))]
                parts.append(narrow(g, axis(dim, len(shape)), start, size))
                start += size
            return parts

As torch.cat, with the node CatBackward0."""


@pytest.mark.parametrize(
    ("name", "text"), [("mm", MM), ("add", ADD), ("sum", SUM), ("relu", RELU), ("max_dim", MAX), ("cat", CAT)]
)
def test_whole(name: str, text: str) -> None:
    assert docstring.docstring(TABLE[name]) == text


# -- every row -------------------------------------------------------------------------------------


def sections(name: str) -> dict[str, str]:
    """The sections of a row's documentation, by name."""
    parts = re.split(r"^(Shapes|Dtypes|Refuses|Derivative|In place): ", docstring.docstring(TABLE[name]), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", ROWS)
def test_every_row_says_what_a_learner_asks(name: str) -> None:
    first, _, _ = docstring.docstring(TABLE[name]).partition("\n\n")
    assert first.endswith(".") and not first.endswith("..") and "\n" not in first
    assert {"Shapes", "Dtypes", "Derivative"} <= set(sections(name))
    assert TABLE[name].doc and not TABLE[name].doc.endswith(".")  # it is the beginning of other sentences


@pytest.mark.parametrize("name", ROWS)
def test_the_lines_of_the_derivative_stand_in_the_file_of_the_row(name: str) -> None:
    row = TABLE[name]
    said = sections(name)["Derivative"]
    if not row.rules or row.node_name == "NotImplemented":
        assert said.startswith("none")
        return
    for rule, i in zip(row.rules, row.differentiable, strict=True):
        source = Path(inspect.unwrap(rule).__code__.co_filename).read_text("utf-8")
        text = docstring.rule_source(rule)
        lines = [line.strip() for line in text.strip().splitlines()]
        assert lines and all(line in source for line in lines)
        assert f"    {row.parameters[i]}:" in said and lines[0] in said


@pytest.mark.parametrize(
    "name", [name for name in ROWS if TABLE[name].rules and TABLE[name].node_name != "NotImplemented"]
)
def test_a_formula_is_that_of_its_rule(name: str) -> None:
    """Of several lambdas in one line the right one was found: compiled again it is the same code."""
    for rule in TABLE[name].rules:
        if rule.__name__ != "<lambda>":
            continue
        parameters = ", ".join(inspect.signature(rule).parameters)
        again = eval(f"lambda {parameters}: ({docstring.rule_source(rule)})", rule.__globals__)
        assert again.__code__.co_names == rule.__code__.co_names
        assert [x for x in again.__code__.co_consts if not hasattr(x, "co_code")] == [
            x for x in rule.__code__.co_consts if not hasattr(x, "co_code")
        ]


def test_lambdas_of_one_line() -> None:
    assert [docstring.rule_source(rule) for rule in TABLE["sub"].rules] == ["g", "-g"]
    assert [docstring.rule_source(rule) for rule in TABLE["mul"].rules] == ["g * other", "g * input"]
    assert [docstring.rule_source(rule) for rule in TABLE["acos"].rules] == ["-g / np.sqrt(1 - input * input)"]


@pytest.mark.parametrize("name", ROWS)
def test_what_torch_calls_it_is_there(name: str) -> None:
    last = docstring.docstring(TABLE[name]).rpartition("\n")[2]
    found = re.match(r"As (torch(?:\.\w+)+)", last)
    assert found, last
    home: Any = torch()
    for part in found[1].split(".")[1:]:
        home = getattr(home, part)
    assert (TABLE[name].node_name in last) == bool(TABLE[name].rules)


@pytest.mark.parametrize("name", ROWS)
def test_in_place(name: str) -> None:
    said = sections(name).get("In place")
    assert bool(said) == (TABLE[name].inplace or f"{name}_" in INPLACE)
    if said:
        method = re.match(r"`Tensor\.(\w+)`\.", said)
        assert method and hasattr(tinygrad_mlp.Tensor, method[1]) and hasattr(torch().Tensor, method[1])


# -- what follows from the kind of a row is true ---------------------------------------------------


def shape_said(row: Operator, args: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of the result, as the sentences say that rows without a section `Shapes` have."""
    shapes = [np.shape(args[i]) for i in row.tensors if args[i] is not None]
    if "keepdim" not in row.parameters:
        return np.broadcast_shapes(*shapes) if len(row.tensors) > 1 else shapes[0]
    values = dict(zip(row.parameters, (*args, *row.defaults[len(args) - len(row.parameters) :]), strict=False))
    dim, ndim = values["dim"], len(shapes[0])
    if dim is None:
        dims = set(range(ndim))
    else:
        dims = {d % (ndim or 1) for d in ([dim] if isinstance(dim, int) else dim or range(ndim))}
    return tuple(1 if d in dims else n for d, n in enumerate(shapes[0]) if values["keepdim"] or d not in dims)


# An empty list of dimensions is all of them for most reductions and none of them for these; `prod` keeps none without
# `dim`.
EXCEPTIONS = {"all", "any", "prod"}


@pytest.mark.parametrize("name", [name for name in ROWS if not re.search(r"^\s*Shapes: ", TABLE[name].notes, re.M)])
@settings(max_examples=5)
@given(data=st.data())
def test_the_shapes_that_follow_from_the_kind(name: str, data: Any) -> None:
    row = TABLE[name]
    args = data.draw(row_inputs(row, "float32" if "f" in (row.kinds or "f") else "int64"))
    result = oracle.outcome(oracle.call_ours, row, oracle.leaves(row, args, lambda: False)[0])
    if isinstance(result, Exception) or name in EXCEPTIONS:
        return
    for output in oracle.outputs(result):
        assert tuple(output.shape) == shape_said(row, args)


SAMPLES = [np.eye(2, dtype=dtype) for dtype in ("float32", "float64", "int64", "bool")]


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].kinds or TABLE[name].check])
def test_a_row_that_takes_not_every_dtype_says_what_it_refuses(name: str) -> None:
    assert "Error" in sections(name)["Refuses"]


@pytest.mark.parametrize(
    "name", [name for name in ROWS if len(TABLE[name].parameters) == len(TABLE[name].tensors) == 1]
)
def test_the_dtypes_that_are_said_are_taken(name: str) -> None:
    said = sections(name)
    for sample in SAMPLES:
        word = {"f": "floating", "i": "integers", "b": "bools"}[sample.dtype.kind]
        taken = re.match("any|.*" + word, said["Dtypes"].replace("no bools", ""))
        tensor = tinygrad_mlp.from_numpy(sample)
        result = oracle.outcome(FUNCTIONS[name], [tensor] if TABLE[name].listed else tensor)
        if isinstance(result, Exception):
            refused = f"{type(result).__name__} for" in said["Refuses"]
            assert refused and (not taken or word in said["Refuses"]), (sample.dtype, result)
        else:
            assert taken, sample.dtype


# -- made when it is asked for ---------------------------------------------------------------------


def test_all_that_shows_a_docstring_shows_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    function = FUNCTIONS["mm"]
    doc = function.__doc__
    assert isinstance(doc, str)
    assert inspect.getdoc(function) == MM
    assert MM.splitlines()[-1] in pydoc.plain(pydoc.render_doc(function))
    help(function)
    assert "    mat2: product(input.T, g)" in capsys.readouterr().out
    print(doc)
    assert capsys.readouterr().out == MM + "\n"
    assert str(doc) == f"{doc}" == "%s" % doc == "" + doc == doc + "" == MM  # noqa: UP031
    assert [doc, MM] == [MM, doc] and hash(doc) == hash(MM) and repr(doc) == repr(MM) and len(doc) == len(MM)
    assert doc.splitlines() == MM.splitlines() and doc[4:11] == "product" and "MmBackward0" in doc
    assert [*doc] == [*MM] and doc.upper() == MM.upper() and doc * 2 == MM * 2


def test_methods_have_it_too() -> None:
    assert inspect.getdoc(tinygrad_mlp.Tensor.mm) == MM
    assert "mat2: product(input.T, g)" in pydoc.plain(pydoc.render_doc(tinygrad_mlp.Tensor.mm))


def test_without_source_files_the_derivative_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linecache, "getlines", lambda *args: [])
    assert docstring.docstring(TABLE["mm"]) == re.sub(r"(?m)^Derivative.*\n(    \w+: .*\n)*(?=\n)", "", MM)
    assert "Derivative: none" in docstring.docstring(TABLE["eq"])


def test_a_source_file_that_was_changed_since_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = linecache.getlines(TABLE["mm"].rules[0].__code__.co_filename)
    monkeypatch.setattr(linecache, "getlines", lambda *args: ["# one more line\n", *lines])
    assert "Derivative" not in docstring.docstring(TABLE["mm"])
    monkeypatch.setattr(linecache, "getlines", lambda *args: ["def broken(:\n"])
    assert "Derivative" not in docstring.docstring(TABLE["mm"])


IMPORT = """
import inspect, linecache
def refuse(*args, **kwargs):
    raise AssertionError("a source file was read")
linecache.getlines = linecache.updatecache = inspect.getsource = inspect.findsource = refuse
import tinygrad_mlp
x = tinygrad_mlp.ones(2, 2, requires_grad=True)
x.mm(x).sum().backward()
try:
    len(tinygrad_mlp.mm.__doc__)
except AssertionError:
    print("then only")
"""


def test_the_import_reads_no_source() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    assert run.stdout == "then only\n"
