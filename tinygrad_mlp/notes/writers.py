"""For each refusal, what its note says: the operands, what happened, what to write instead.

A writer is given the scene, and gives the lines of the note; or None, if the scene is not as it expects. The table
stands at the end: a note is one row of it, a writer, and its sentences in texts.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd import refusals as of_autograd
from ..autograd.graph import refusals as of_nodes
from ..autograd.graph.node import Node
from ..autograd.inplace import refusals as of_writes
from ..nn import Linear, Module, Parameter
from ..nn import refusals as of_networks
from ..ops import refusals as of_rows
from ..optim import refusals as of_optimisers
from ..tape import FREED, NO_SCALAR, AccumulateGrad
from ..tensor import Tensor
from ..tensor import refusals as of_tensors
from . import texts
from .names import attributes_of, is_a
from .pattern import values_of
from .scene import Operand, Scene, operator_of

Lines = list[str] | None
Writer = Callable[[Scene], Lines]


def writer_of(text: str) -> tuple[Writer, dict[str, str]] | None:
    """The writer for a refusal, by torch's text, and the values that the text tells."""
    for template, writer in WRITERS.items():
        values = values_of(text, template)
        if values is not None:
            return writer, values
    return None


def _lines(operands: list[Operand], sentences: tuple[str, str], **values: Any) -> list[str]:
    listed = [f"{'; '.join(map(str, operands))}."] if operands else []
    lines = [*listed, *(sentence.format(**values) for sentence in sentences)]
    return [f"The{line[3:]}" if line.startswith("the ") else line for line in lines]


# -- backward --------------------------------------------------------------------------------------


def _freed(scene: Scene) -> Lines:
    root, node = scene.operands[0], scene.find("self")
    if not is_a(node, Node):
        return None
    held = scene.names.first(lambda value: is_a(value, Tensor) and Tensor.__dict__["node"].__get__(value) is node)
    if node is root.node or held is None:
        part = root.what
        if node is not root.node:
            part = texts.PART.format(operator=operator_of(node), root=part)
        return _lines([root], texts.FREED, part=part, root=root.what)
    return _lines([root, scene.operand(held[1])], texts.FREED_BEFORE, root=root.what, name=held[0])


def _no_scalar(scene: Scene) -> Lines:
    root = scene.operands[0]
    return _lines(
        [root], texts.NO_SCALAR, what=root.what, root=root.code, count=math.prod(root.shape), shape=root.shape
    )


def _nothing_requires_grad(scene: Scene) -> Lines:
    root = scene.operands[0]
    return _lines([root], texts.NOTHING_REQUIRES_GRAD, what=root.what)


def _changed(scene: Scene) -> Lines:
    node = scene.find("self")
    if not is_a(node, Node):
        return None
    counter, count, place = next(version for version in node.versions if version[0][0] != version[1])
    held = scene.names.first(lambda x: is_a(x, Tensor) and Tensor.__dict__["versions"].__get__(x) is counter)
    times = counter[0] - count
    writes = texts.TIMES.get(times) or texts.MANY_TIMES.format(count=times)
    operator = operator_of(node)
    if held is None:
        value = f"its {'result' if place < len(node.row.outputs) else 'operand'}"
        return _lines([], texts.CHANGED_UNNAMED, operator=operator, value=value, writes=writes)
    operand = scene.operand(held[1])
    leaf = operand.needs_grad and (operand.node is None or is_a(operand.node, AccumulateGrad))
    sentences = texts.CHANGED_LEAF if leaf else texts.CHANGED
    return _lines([operand], sentences, operator=operator, value=f"`{held[0]}`", name=held[0], writes=writes)


# -- in place --------------------------------------------------------------------------------------

_SYMBOLS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**"}


def _leaf_written(scene: Scene) -> Lines:
    leaf = scene.operands[0]
    symbol = _SYMBOLS.get(scene.row)
    text = texts.NEW_TENSOR if symbol else texts.NEW_TENSOR_FROM_CLONE
    instead = text.format(code=leaf.code, symbol=symbol)
    return _lines([leaf], texts.LEAF_WRITTEN, write=_write(scene), what=leaf.what, instead=instead)


def _view_of_leaf_written(scene: Scene) -> Lines:
    view = scene.operands[0]
    base = Tensor.__dict__["viewed"].__get__(view.tensor)
    leaf = view if base is None else scene.operand(base.base, view.role)
    return _lines([leaf], texts.VIEW_OF_LEAF_WRITTEN, write=_write(scene), what=leaf.what, code=leaf.code)


def _write(scene: Scene) -> str:
    return texts.ASSIGNS if scene.row in ("assign", "put") else texts.WRITES.format(operator=scene.row)


def _result_larger(scene: Scene) -> Lines:
    written = scene.operands[0]
    symbol, others = _SYMBOLS.get(scene.row), scene.operands[1:]
    if not others:
        return None
    call = f"{written.code} {symbol} {others[0].code}" if symbol else f"{written.code}.{scene.row}(...)"
    return _lines(
        scene.operands, texts.RESULT_LARGER, operator=scene.row, what=written.what, shape=written.shape,
        result=_shape(scene.values["broadcast"]), new=f"{written.code} = {call}",
    )  # fmt: skip


def _shape(text: str) -> str:
    """A shape as Python writes it, from torch's list."""
    sizes = text.strip("[]")
    return f"({sizes},)" if sizes and "," not in sizes else f"({sizes})"


# -- shapes ----------------------------------------------------------------------------------------


def _product(scene: Scene) -> Lines:
    if scene.row == "linear":
        return _linear(scene)
    a, b = scene.operands[-2:]
    columns, rows = a.shape[-1], b.shape[-2 if len(b.shape) > 1 else 0]
    vectors = len(a.shape) == len(b.shape) == 1
    happened = texts.PRODUCT_OF_VECTORS if vectors else texts.PRODUCT
    instead = texts.OTHER_LENGTHS if vectors else texts.OTHER_SIZES
    other = b
    if len(a.shape) == len(b.shape) == 2 and a.shape[1] == b.shape[1]:
        instead = texts.TRANSPOSE
    elif len(a.shape) == 2 and a.shape[0] == rows:
        instead, other = texts.TRANSPOSE, a
    return _lines([a, b], (happened, instead), a=a.code, b=b.code, columns=columns, rows=rows, code=other.code)


def _linear(scene: Scene) -> Lines:
    x, weight = scene.operands[:2]
    size, (outputs, features) = x.shape[-1], weight.shape
    values = {"size": size, "features": features, "outputs": outputs}
    if scene.module is not None and is_a(scene.module, Linear):
        name = scene.name_of_module
        flat = name and x.name and len(x.shape) > 2 and math.prod(x.shape[1:]) == features
        instead = texts.NEW_LAYER
        if flat:
            instead = texts.FLATTEN.format(layer=name, code=x.code, features=features)
        return _lines([x, weight], (texts.LAYER, instead), layer=f"`{name}`" if name else texts.THIS_LAYER, **values)
    instead = texts.TRANSPOSE if outputs == size else texts.NEW_WEIGHT
    return _lines([x, weight], (texts.LINEAR, instead), code=weight.code, **values)


def _broadcast(scene: Scene) -> Lines:
    operands = scene.operands[:2]
    instead = texts.OTHER_SHAPE
    new: dict[str, Any] = {}
    if len(operands) == 2 and scene.row != "matmul":
        less, more = sorted(operands, key=lambda operand: len(operand.shape))
        missing = len(more.shape) - len(less.shape)
        if missing and less.shape and less.shape == more.shape[: len(less.shape)]:
            instead = texts.NEW_DIMENSIONS
            index = ", ".join([":"] * len(less.shape) + ["None"] * missing)
            new = {"code": less.code, "index": index, "other": more.code, "shape": (*less.shape, *[1] * missing)}
    values = {"m": scene.values["a"], "n": scene.values["b"], "dim": scene.values["dim"]}
    return _lines(operands, (texts.BROADCAST, instead), **values, **new)


def _cat(scene: Scene) -> Lines:
    place, dim = int(scene.values["place"]), int(scene.values["dim"])
    first, found = scene.operands[0], scene.operands[place]
    differ = [d for d, (m, n) in enumerate(zip(first.shape, found.shape, strict=True)) if m != n]
    others = [d for d in differ if d != dim]
    instead = texts.OTHER_DIM if differ == others and len(others) == 1 else texts.BRING_TO_SIZE
    return _lines(
        [first, found], (texts.CAT, instead.format(dim=others[0], other=others[0])), dim=dim, other=others[0],
        expected=scene.values["expected"], found=scene.values["own"],
    )  # fmt: skip


def _stack(scene: Scene) -> Lines:
    first, found = scene.operands[0], scene.operands[int(scene.values["place"])]
    differ: list[int] = []
    if len(first.shape) == len(found.shape):
        differ = [d for d, (m, n) in enumerate(zip(first.shape, found.shape, strict=True)) if m != n]
    instead = texts.CAT_INSTEAD.format(dim=differ[0]) if len(differ) == 1 else texts.BRING_TO_SHAPE
    return _lines([first, found], (texts.STACK, instead))


def _other_count(scene: Scene) -> Lines:
    x = scene.operands[0]
    sizes = [int(size) for size in scene.values["shape"].strip("[]").split(",") if size.strip()]
    if -1 in sizes:
        return None
    return _lines(
        [x], (texts.ELEMENTS, texts.ELEMENTS_INSTEAD), what=x.what, count=math.prod(x.shape),
        shape=_shape(scene.values["shape"]), wanted=math.prod(sizes),
    )  # fmt: skip


# -- dtypes ----------------------------------------------------------------------------------------

_CONVERSIONS = {"float32": ".float()", "float64": ".double()", "float16": ".half()", "int64": ".long()"}


def _dtypes(scene: Scene) -> Lines:
    operands = scene.operands
    if scene.row not in ("mm", "bmm", "mv", "dot", "matmul", "addmm", "linear"):
        return None
    other = next((operand for operand in operands[1:] if operand.dtype != operands[0].dtype), None)
    if other is None:
        return None
    first = operands[0]
    # What is to be learnt stays as it is; of two others, the one that is not float32 is converted, or else the second.
    convert = min((other, first), key=lambda x: (x.needs_grad and x.node is None, x.dtype == "float32"))
    keep = first if convert is other else other
    conversion = _CONVERSIONS.get(keep.dtype, f".to(torch.{keep.dtype})")
    from_numpy = convert.dtype == "float64" and convert.node is None
    instead = texts.CONVERT_FROM_NUMPY if from_numpy else texts.CONVERT
    return _lines(
        [first, other], (texts.DTYPES, instead), first=first.dtype, second=other.dtype, code=convert.code,
        conversion=conversion,
    )  # fmt: skip


# -- losses ----------------------------------------------------------------------------------------


def _class(scene: Scene) -> Lines:
    x, target = scene.operands[:2]
    found, count = int(scene.values["target"]), x.shape[1 if len(x.shape) > 1 else 0]
    labels = target.array
    place = [int(part[0]) for part in (labels == found).nonzero()] if labels.ndim else []
    if found < 0:
        instead = texts.NO_NEGATIVE
    elif labels.min() == 1 and labels.max() == count:
        instead = texts.FROM_ZERO
    else:
        instead = texts.MORE_OUTPUTS
    return _lines(
        [x, target], (texts.CLASS, instead), target=target.what, input=x.what, code=target.code, found=found,
        count=count, last=count - 1, wanted=int(labels.max()) + 1,
        place=texts.AT.format(code=target.code, place=", ".join(map(str, place))) if place else "",
    )  # fmt: skip


def _of_target(sentences: tuple[str, str]) -> Writer:
    """A writer for a refusal of an input and a target, whose note is made of their names, shapes and dtypes."""

    def write(scene: Scene) -> Lines:
        x, target = scene.operands[:2]
        same_count = math.prod(x.shape) == math.prod(target.shape)
        instead = texts.RESHAPED.format(target=target.code, input=x.code) if same_count else texts.AS_MANY
        return _lines(
            [x, target], sentences, input=x.what, code=target.code, dtype=target.dtype, shape=target.shape,
            wanted=x.shape, samples=(*x.shape, 1)[0], targets=(*target.shape, 1)[0], instead=instead,
        )  # fmt: skip

    return write


def _one_class_each(scene: Scene) -> Lines:
    x, target = scene.operands[:2]
    wanted = x.shape[:1] if len(x.shape) > 1 else ()
    flat = math.prod(wanted) == math.prod(target.shape)
    code = f"{target.code}.reshape({', '.join(map(str, wanted)) or '()'})" if flat else f"{target.code}.argmax(1)"
    return _lines([x, target], texts.ONE_CLASS_EACH, wanted=wanted, shape=target.shape, code=code)


# -- optimisers ------------------------------------------------------------------------------------


def _no_parameters(scene: Scene) -> Lines:
    for path, module in scene.names.values():
        if is_a(module, Module) and not _has_parameters(module):
            lines = _unseen(path, module)
            if lines:
                return lines
    params = scene.find("params")
    name = scene.names.of(params)
    if name is not None and type(params).__name__ in ("generator", "map", "filter", "zip"):
        return _lines([], texts.USED_UP, name=name)
    return _lines([], texts.NO_PARAMETERS)


def _has_parameters(module: Any) -> bool:
    attributes = attributes_of(module)
    own = attributes.get("_parameters") or {}
    return any(p is not None for p in own.values()) or any(
        _has_parameters(part) for part in (attributes.get("_modules") or {}).values() if part is not None
    )


def _unseen(path: str, module: Any) -> Lines:
    """A note on what a module holds that it does not find: modules and tensors in lists, tensors by themselves."""
    for name, value in list(attributes_of(module).items()):
        kind = type(value)
        if name[:1] == "_":
            continue
        where = f"{path}.{name}"
        if is_a(value, Tensor) and Tensor.__dict__["needs_grad"].__get__(value):
            return _lines([], texts.NO_PARAMETER, path=where, model=path, name=name)
        if kind not in (list, tuple, dict) or not value:
            continue
        parts = list(value.values() if kind is dict else value)
        what = "modules" if is_a(parts[0], Module) else "parameters" if is_a(parts[0], Parameter) else ""
        if what:
            wanted = f"{what[:-1].title()}{'Dict' if kind is dict else 'List'}"
            names = {"path": where, "model": path, "name": name}
            return _lines([], texts.PLAIN_CONTAINER, kind=kind.__name__, what=what, wanted=wanted, **names)
    return None


WRITERS: dict[str, Writer] = {
    FREED: _freed,
    NO_SCALAR: _no_scalar,
    of_autograd.OUTPUT_NEEDS_NO_GRAD: _nothing_requires_grad,
    of_nodes.CHANGED: _changed,
    of_writes.LEAF: _leaf_written,
    of_writes.VIEW_OF_LEAF: _view_of_leaf_written,
    of_rows.OTHER_OUTPUT_SHAPE: _result_larger,
    of_rows.NO_PRODUCT: _product,
    of_rows.VECTOR_SIZES: _product,
    of_rows.MATRIX_AND_VECTOR: _product,
    of_rows.NO_BROADCAST: _broadcast,
    of_rows.CAT_SIZES: _cat,
    of_rows.STACK_SHAPES: _stack,
    of_rows.OTHER_COUNT: _other_count,
    of_tensors.DTYPES_DIFFER: _dtypes,
    of_tensors.BATCHES_DTYPES_DIFFER: _dtypes,
    of_tensors.VECTOR_DTYPES_DIFFER: _dtypes,
    of_tensors.VECTORS_DTYPES_DIFFER: _dtypes,
    of_tensors.SUM_DTYPES_DIFFER: _dtypes,
    of_rows.NO_CLASS: _class,
    of_networks.TARGET_DTYPE: _of_target(texts.FLOAT_TARGET),
    of_networks.PROBABILITIES_DTYPE: _of_target(texts.INTEGER_PROBABILITIES),
    of_networks.BATCH_SIZES: _of_target(texts.SAMPLES),
    of_networks.TARGET_DIMENSIONS: _one_class_each,
    of_networks.BCE_SIZES: _of_target(texts.SAME_SHAPE),
    of_networks.LOGITS_SIZES: _of_target(texts.SAME_SHAPE),
    of_optimisers.NO_PARAMETERS: _no_parameters,
}
