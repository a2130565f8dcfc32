"""What an object of tensors is, said in the same words for both frameworks, and objects to save."""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch

import tinygrad_mlp

TENSORS = (torch.Tensor, tinygrad_mlp.Tensor)
NAMED = (torch.dtype, torch.device, torch.layout, tinygrad_mlp.dtype, tinygrad_mlp.device, tinygrad_mlp.layout)
SIZES = (torch.Size, tinygrad_mlp.Size)
STORAGES = tuple(getattr(t, name) for t in (torch, tinygrad_mlp) for name in ("UntypedStorage", "TypedStorage"))


def described(value: Any, storages: list[int] | None = None) -> Any:
    """The types, values, strides and attributes in an object, and which of its tensors share memory."""
    storages = [] if storages is None else storages
    name = type(value).__name__
    if isinstance(value, TENSORS):
        return name, _tensor(value, storages), described(_attributes(value), storages)
    if isinstance(value, STORAGES):
        return value.tolist(), _index(value.data_ptr(), storages)
    if isinstance(value, NAMED):
        return repr(value)
    if isinstance(value, SIZES):
        return "Size", list(value)
    if isinstance(value, (dict, OrderedDict, Counter)):
        items = [(described(k, storages), described(v, storages)) for k, v in value.items()]
        return name, items, described(vars(value), storages) if isinstance(value, OrderedDict) else None
    if isinstance(value, (list, tuple)):
        return name, [described(each, storages) for each in value]
    if isinstance(value, set):
        return name, sorted(map(repr, value))
    return name, repr(value)


def _tensor(tensor: Any, storages: list[int]) -> Any:
    facts = (str(tensor.dtype), list(tensor.shape), tensor.requires_grad, tensor.is_leaf, str(tensor.device))
    if str(tensor.device) == "meta":
        return facts
    memory = tensor.untyped_storage()
    where = (list(tensor.stride()), tensor.storage_offset() if tensor.numel() else 0)
    values = repr(tensor.detach().tolist())
    return *facts, where, values, memory.nbytes(), _index(memory.data_ptr() if memory.nbytes() else 0, storages)


def _index(address: int, storages: list[int]) -> int:
    if not address:
        return -1
    if address not in storages:
        storages.append(address)
    return storages.index(address)


def _attributes(tensor: Any) -> dict[str, Any]:
    hidden = ("_grad", "_accumulator", "_leaf_node", "_leaf_hooks", "_inference", "_retains", "_transform")
    return {name: value for name, value in vars(tensor).items() if name not in hidden}


def saved(framework: Any, obj: Any, **options: Any) -> bytes:
    """What a framework writes for an object."""
    stream = io.BytesIO()
    framework.save(obj, stream, **options)
    return stream.getvalue()


def loaded(framework: Any, content: bytes, **options: Any) -> Any:
    """What a framework reads from bytes."""
    return framework.load(io.BytesIO(content), **options)


def refused_pickle(content: bytes, **options: Any) -> str:
    """The one line with which `load` refuses the pickle in a file."""
    with pytest.raises(pickle.UnpicklingError) as raised:
        loaded(tinygrad_mlp, content, **options)
    text = str(raised.value)
    assert text.startswith("<BytesIO>: ") and text.isprintable() and len(text) < 900
    return text


# -- objects, each made under either framework -----------------------------------------------------

DTYPES = ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")


def _attributed(t: Any) -> Any:
    x, p = t.ones(3), t.nn.Parameter(t.ones(2))
    x.label, p.step = "left", [1, t.zeros(2)]
    return [x, p]


def _trained(t: Any, name: str, **options: Any) -> Any:
    t.manual_seed(0)
    net = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4), t.nn.ReLU(), t.nn.Linear(4, 2))
    optimizer = getattr(t.optim, name)(net.parameters(), **options)
    for _ in range(3):
        optimizer.zero_grad()
        net(t.linspace(0, 1, 15).reshape(5, 3)).square().mean().backward()
        optimizer.step()
    return {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}


def _twice(t: Any) -> Any:
    x = t.arange(4.0)
    return [x, x, {"again": x, "view": x[1:]}]


def _views(t: Any) -> Any:
    x = t.arange(24.0).reshape(2, 3, 4)
    return [x[0], x.transpose(0, 2), x[1:, ::2, 1:3], x.view(-1)[5:9], x.diagonal(0, 1, 2), x.reshape(4, 6).t()]


def _recursive(t: Any) -> Any:
    inner: list[Any] = [t.ones(1)]
    return {"a": inner, "b": inner, "c": (inner, (inner,))}


OBJECTS: dict[str, Callable[[Any], Any]] = {
    **{f"ones of {name}": lambda t, name=name: t.ones(2, 3, dtype=getattr(t, name)) for name in DTYPES},
    "values": lambda t: t.tensor([[1.5, -0.0, float("nan")], [float("inf"), 1e-45, -2.0]]),
    "large integers": lambda t: t.tensor([2**63 - 1, -(2**63), 0]),
    "a number": lambda t: t.tensor(2.5),
    "a truth": lambda t: t.tensor(True),
    "nothing": lambda t: t.empty(0),
    "no rows": lambda t: [t.empty(0, 3), t.empty(2, 0, 4), t.empty(0)],
    "part of nothing": lambda t: t.arange(6.0)[6:],
    "an empty part": lambda t: t.arange(6.0)[2:2],
    "views": _views,
    "expanded": lambda t: t.arange(3.0).expand(4, 3),
    "a part that does not begin at 0": lambda t: t.arange(10)[3:7],
    "of two dtypes": lambda t: [t.ones(2), t.ones(2, dtype=t.int64)],
    "requires grad": lambda t: t.ones(2, requires_grad=True),
    "computed": lambda t: t.ones(2, requires_grad=True) * 2,
    "computed views": lambda t: (t.ones(2, 2, requires_grad=True) * 2).t(),
    "parameter": lambda t: t.nn.Parameter(t.ones(2, 2)),
    "frozen parameter": lambda t: t.nn.Parameter(t.ones(2, dtype=t.int64), requires_grad=False),
    "tied parameters": lambda t: (lambda p: [p, p, p.detach(), t.nn.Parameter(p.data)])(t.nn.Parameter(t.ones(3))),
    "buffer": lambda t: t.nn.Buffer(t.ones(2)),
    "attributes": _attributed,
    "on meta": lambda t: t.empty(2, 3, device="meta"),
    "the same twice": _twice,
    "shared containers": _recursive,
    "size": lambda t: [t.Size([2, 3]), t.Size([]), t.ones(2, 3).shape],
    "dtypes": lambda t: [getattr(t, name) for name in (*DTYPES, "complex64")],
    "devices": lambda t: [t.device("cpu"), t.device("cuda:1"), t.device("meta")],
    "layout": lambda t: t.strided,
    "numbers": lambda t: [0, 1, -1, 255, 256, 65536, 2**31, -(2**31), 2**70, -(2**300), 1.5, float("inf"), 1 + 2j],
    "text": lambda t: ["", "a", "ä€😀", "a\nb", "x" * 300, b"\x00\xff", bytearray(b"ab")],
    "constants": lambda t: [None, True, False, (), [], {}, set()],
    "tuples": lambda t: [(1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((1,), [2])],
    "dicts": lambda t: {"a": {1: 2, (1, "b"): [3]}, None: 1.5, 2.5: True, b"k": t.ones(1)},
    "ordered dict": lambda t: OrderedDict([("b", t.ones(1)), ("a", 2)]),
    "counter": lambda t: Counter("abracadabra"),
    "set": lambda t: {1, "a", (2, 3)},
    "storage": lambda t: t.arange(4, dtype=t.uint8).untyped_storage().tolist(),
    "many": lambda t: [t.full((2,), float(i)) for i in range(300)],
    "state dict": lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.BatchNorm1d(3)).state_dict(),
    "SGD": lambda t: _trained(t, "SGD", lr=0.1, momentum=0.9),
    "Adam": lambda t: _trained(t, "Adam", lr=0.01),
    "AdamW": lambda t: _trained(t, "AdamW", amsgrad=True),
}
