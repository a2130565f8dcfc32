"""What the page of a tape shows, as plain data for JSON: the steps, their rules, the arrays and the lines of source."""

from __future__ import annotations

import ast
import base64
import linecache
import math
import textwrap
from typing import Any

import numpy as np

from ..ops import TABLE, Operator
from ..ops.docstring import docstring, rule_source
from .births import births
from .formula import formula
from .model import Leaf, Operand, Part, Place, Rows, Saved, Step, Sum
from .snapshot import Snapshot, evenly

SUMMED = "it is summed where the input was broadcast"  # as the documentation of an operator says it
AROUND = 5  # lines of the program that are shown above and below a step's own

Json = dict[str, Any]


def page_data(rows: Rows, before: Rows | None = None) -> Json:
    """The rows of a tape for the page.

    `before` are the rows as they were before a backward, which know what the steps had saved until then.
    """
    return _Writer().write(rows, before or rows)


class _Writer:
    """Collects the arrays and the lines of source that steps share, so that each stands in the page once."""

    def __init__(self) -> None:
        self.arrays: list[Json] = []
        self.places: dict[int, int] = {}  # of each snapshot that is in `arrays`, by its id
        self.kept: list[Snapshot] = []  # so that an id stays that of its snapshot
        self.files: dict[str, dict[int, str]] = {}

    def write(self, rows: Rows, before: Rows) -> Json:
        saved = {step.number: step.saved for step in before.steps}
        steps = [self._step(step, saved.get(step.number)) for step in rows.steps]
        return {
            "root": rows.root,
            "steps": steps,
            "leaves": [self._leaf(leaf) for leaf in rows.leaves],
            "sums": [self._sum(total) for total in rows.sums],
            "births": [{"number": b.number, "kind": b.kind, "what": b.what, "said": str(b)} for b in births(rows)],
            "operators": {name: _operator(row) for name, row in _rows_of(rows).items()},
            "arrays": self.arrays,
            "files": self.files,
        }

    # -- steps, leaves and sums --------------------------------------------------------------------

    def _step(self, step: Step, saved_before: Saved | None) -> Json:
        saved = step.saved or saved_before
        return {
            "number": step.number,
            "operator": step.operator,
            "node": step.node,
            "name": step.name,
            "shape": step.shape,
            "dtype": step.dtype,
            "value": self._array(step.value),
            "inputs": [self._operand(operand) for operand in step.inputs],
            "saved": None if saved is None else {"names": list(dict.fromkeys(saved.names)), "bytes": saved.bytes},
            "freed": step.freed,
            "place": self._place(step.place),
            "modules": list(step.modules),
            "cotangent": self._array(step.cotangent),
            "outputs": [{"name": x.name, "cotangent": self._array(x.cotangent)} for x in step.outputs],
            "parts": [self._part(part, name) for part, name in zip(step.parts, _receivers(step), strict=False)],
        }

    def _operand(self, operand: Operand) -> Json:
        return {
            "parameter": operand.parameter,
            "name": operand.name,
            "kind": operand.kind,
            "number": operand.number,
            "shape": operand.shape,
            "dtype": operand.dtype,
            "value": self._array(operand.value),
        }

    def _part(self, part: Part, parameter: str) -> Json:
        value = self._array(part.value)
        return {"to": part.to, "number": part.number, "leaf": part.index, "parameter": parameter, "value": value}

    def _leaf(self, leaf: Leaf) -> Json:
        return {
            "name": leaf.name,
            "kind": leaf.kind,
            "shape": leaf.shape,
            "dtype": leaf.dtype,
            "value": self._array(leaf.value),
            "grad": self._array(leaf.grad),
        }

    def _sum(self, total: Sum) -> Json:
        parts = [{"from": number, "value": self._array(part)} for number, part in total.parts]
        total_array = self._array(total.total)
        return {"name": total.name, "number": total.number, "leaf": total.index, "parts": parts, "total": total_array}

    # -- arrays ------------------------------------------------------------------------------------

    def _array(self, snapshot: Snapshot | None) -> int | None:
        """The place of a snapshot in `arrays`."""
        if snapshot is None:
            return None
        place = self.places.get(id(snapshot))
        if place is None:
            place = self.places[id(snapshot)] = len(self.arrays)
            self.kept.append(snapshot)
            self.arrays.append(_array(snapshot))
        return place

    # -- source ------------------------------------------------------------------------------------

    def _place(self, place: Place | None) -> Json | None:
        if place is None:
            return None
        lines = linecache.getlines(place.file)
        known = self.files.setdefault(place.file, {})
        if 0 < place.line <= len(lines) and lines[place.line - 1].strip() == place.text:
            for number in range(max(1, place.line - AROUND), min(len(lines), place.line + AROUND) + 1):
                known[number] = lines[number - 1].rstrip()
        else:  # the file cannot be read, or is another by now
            known[place.line] = place.text
        return {"file": place.file, "line": place.line, "function": place.function}


def _array(snapshot: Snapshot) -> Json:
    """An array as its figures, and the values that are shown: as little-endian numbers in base64, exactly as they are.

    Of more than SIDE rows or columns an evenly spaced sample is shown, with the indices of its rows and columns.
    """
    matrix = snapshot.matrix
    full = _as_matrix(snapshot.shape)
    rows, columns = map(evenly, full)
    if snapshot.is_whole and matrix.shape != (len(rows), len(columns)):
        matrix = matrix[np.ix_(rows, columns)]
    wide = snapshot.dtype.itemsize > 4 or snapshot.dtype.kind != "f"
    numbers = np.ascontiguousarray(matrix, dtype="<f8" if wide else "<f4")
    data: Json = {
        "shape": snapshot.shape,
        "dtype": str(snapshot.dtype),
        "figures": {name: _number(value) for name, value in vars(snapshot.figures).items()},
        "height": full[0],
        "width": full[1],
        "wide": wide,
        "data": base64.b64encode(numbers.tobytes()).decode(),
    }
    if (len(rows), len(columns)) != full:
        data |= {"rows": rows.tolist(), "columns": columns.tolist()}
    return data


def _as_matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    return (math.prod(shape[:-1]), shape[-1]) if shape else (1, 1)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


# -- operators -------------------------------------------------------------------------------------


def _receivers(step: Step) -> list[str]:
    """The operator's names for the inputs to which its parts go."""
    kinds = {operand.parameter: operand.kind for operand in step.inputs}
    named = [name for name in step.rules if kinds.get(name, "constant") != "constant"]
    return named if len(named) == len(step.parts) else [f"input {i}" for i in range(len(step.parts))]


def _rows_of(rows: Rows) -> dict[str, Operator]:
    return {step.operator: TABLE[step.operator] for step in rows.steps if step.operator in TABLE and step.rules}


def _operator(row: Operator) -> Json:
    """What the derivative table has of an operator: a sentence, its NumPy code, and its rules with their formulas."""
    rules = {}
    for position, rule in zip(row.differentiable, row.rules, strict=True):
        code = textwrap.dedent(rule_source(rule).strip("\n"))
        rules[row.parameters[position]] = {"code": code, "formula": formula(code)}
    code = _forward(row)
    broadcast = SUMMED in docstring(row)
    return {"doc": row.doc, "code": code, "calls": _calls(code), "rules": rules, "broadcast": broadcast}


def _forward(row: Operator) -> str:
    """The NumPy code of an operator's forward, without its docstring; "" where there is none."""
    if isinstance(row.forward, np.ufunc):
        return f"np.{row.forward.__name__}({', '.join(row.parameters)})"
    try:
        code = textwrap.dedent(rule_source(row.forward).strip("\n"))
        function = ast.parse(code).body[0]
    except (AttributeError, SyntaxError, IndexError):
        return ""
    if not isinstance(function, ast.FunctionDef) or ast.get_docstring(function) is None or len(function.body) < 2:
        return code
    said, lines = function.body[0], code.splitlines()
    return "\n".join(lines[: said.lineno - 1] + lines[said.end_lineno or said.lineno :])


def _calls(code: str) -> list[str]:
    """The NumPy functions that some code calls, in the order of the text."""
    try:
        found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Call, ast.BinOp))]
    except SyntaxError:
        return []
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    names = [
        "@" if isinstance(node, ast.BinOp) else ast.unparse(node.func)
        for node in found
        if isinstance(node, ast.Call) or isinstance(node.op, ast.MatMult)
    ]
    return list(dict.fromkeys(name for name in names if name == "@" or name.startswith("np.")))
