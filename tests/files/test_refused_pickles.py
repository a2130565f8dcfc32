"""What a file may not do while weights_only is true: each is refused in one line, and nothing of it runs."""

from __future__ import annotations

import io
import os
import pickle
import re
import struct
import subprocess
import time
import zipfile
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_mlp
from support.checkpoints import loaded, refused_pickle, saved
from tinygrad_mlp import serialization


def with_pickle(content: bytes, **records: bytes) -> bytes:
    """A file with a pickle of one's own, and a storage "0" of four float32."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in {"data.pkl": content, "version": b"3\n", "data/0": bytes(16), **records}.items():
            archive.writestr(f"archive/{name}", data)
    return stream.getvalue()


def named(name: str) -> bytes:
    module, _, own = name.rpartition(".")
    return f"c{module}\n{own}\n".encode()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(kind: str = "torch.FloatStorage", key: str = "0", count: int = 4, location: str = "cpu") -> bytes:
    return b"(" + text("storage") + named(kind) + text(key) + text(location) + number(count) + b"tQ"


def tensor(
    offset: int = 0, size: bytes = numbers(4), stride: bytes = numbers(1), of: bytes = b"", end: bytes = b""
) -> bytes:
    function = named("torch._utils._rebuild_tensor_v2")
    return function + b"(" + (of or storage()) + number(offset) + size + stride + (end or b"\x89)") + b"tR."


# -- names -----------------------------------------------------------------------------------------


class Evil:
    """An object whose pickle calls a function."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


CALLS: list[tuple[str, Any]] = [
    ("os.system", Evil(os.system, "touch /tmp/never")),
    ("eval", Evil(eval, "1")),
    ("exec", Evil(exec, "1")),
    ("print", Evil(print, "x")),
    ("getattr", Evil(getattr, "", "join")),
    ("open", Evil(open, "/etc/passwd")),
    ("subprocess.Popen", Evil(subprocess.Popen, ["true"])),
    ("pickle.loads", Evil(pickle.loads, b"N.")),
    ("numpy.load", Evil(np.load, "x.npy")),
]


@pytest.mark.parametrize(("name", "obj"), CALLS, ids=[name for name, _ in CALLS])
@pytest.mark.parametrize("protocol", [2, 4])
def test_calls_are_refused_by_name(name: str, obj: Any, protocol: int) -> None:
    found = refused_pickle(saved(torch, {"a": [obj]}, pickle_protocol=protocol))
    assert re.search(rf"GLOBAL (posix|_pickle|builtins|io|\w+)\.{name.rpartition('.')[2]} ", found)
    if protocol == 2:
        with pytest.raises(pickle.UnpicklingError):
            loaded(torch, saved(torch, {"a": [obj]}))


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "sys.exit", "nt.system", "os.path.join", "torch.load", "torch.save", "torch.nn.Linear",
        "torch.nn.modules.linear.Linear", "tinygrad_mlp.Tensor", "torch.hub.load", "builtins.type", "builtins.object",
        "builtins.dict", "builtins.list", "builtins.tuple", "builtins.frozenset", "builtins.int", "builtins.range",
        "torch.serialization.add_safe_globals", "torch._utils._import_dotted_name", "_codecs.decode",
        "copyreg._reconstructor", "numpy.core.multiarray._reconstruct", "torch.Tensor.__init__",
        "collections.OrderedDict.__init__", "a.b\x1b[31m",
        "torch._utils._rebuild_sparse_tensor", "torch.ComplexFloatStorage", "torch.uint16", "torch.float8_e5m2",
    ],
)  # fmt: skip
def test_a_name_alone_is_refused(name: str) -> None:
    for content in (named(name), text(name.rpartition(".")[0]) + text(name.rpartition(".")[2]) + b"\x93"):
        found = refused_pickle(with_pickle(content + b"."))
        assert name in found or "\\x1b" in found


@pytest.mark.parametrize("name", ["posix.system", "nt.system", "os.system", "sys.exit"])
def test_some_modules_cannot_be_allowed(name: str) -> None:
    with serialization.safe_globals([(print, name)]):
        assert "is blocked" in refused_pickle(with_pickle(named(name) + b"."))


# -- what opcodes may do ---------------------------------------------------------------------------

ORDERED = named("collections.OrderedDict")
PERSISTENT = "Only persistent_load of storage is allowed"
DOES_NOT_LIE = "does not lie in a storage"
OPCODES: dict[str, tuple[bytes, str]] = {
    "instance": (b"(ios\nsystem\n.", "Unsupported operand 105"),
    "object": (b"(" + named("builtins.set") + b"o.", "Unsupported operand 111"),
    "extension": (b"\x82\x01.", "Unsupported operand 130"),
    "persistent id as text": (b"Pstorage\n.", "Unsupported operand 80"),
    "new object with keywords": (ORDERED + b")}\x92.", "Unsupported operand 146"),
    "an integer as text": (b"I" + b"9" * 10000 + b"\n.", "Unsupported operand 73"),
    "text of Python 2": (b"S'os'\n.", "Unsupported operand 83"),
    "long": (b"\x8b\xff\xff\xff\x7f.", "Unsupported operand 139"),
    "large text": (b"\x8d" + b"\xff" * 8 + b".", "Unsupported operand 141"),
    "large bytes": (b"\x8e" + b"\xff" * 8 + b".", "Unsupported operand 142"),
    "large bytearray": (b"\x96" + b"\xff" * 7 + b"\x7f.", "ends too early"),
    "out of band": (b"\x97.", "Unsupported operand 151"),
    "protocol": (b"\x80\x20.", "Unsupported operand 32"),
    "call of a number": (b"K\x01)R.", "unrecognized function <class 'int'>"),
    "call of a list": (b"])R.", "unrecognized function <class 'list'>"),
    "call of a tensor": (tensor()[:-1] + b")R.", "unrecognized function <class 'tinygrad_mlp.Tensor'>"),
    "call of a dtype": (named("torch.float32") + b")R.", "unrecognized function <class 'tinygrad_mlp.dtype'>"),
    "call of a storage type": (named("torch.FloatStorage") + number(1 << 40) + b"\x85R.", "unrecognized function"),
    "call of a storage": (named("torch.storage.UntypedStorage") + number(1 << 40) + b"\x85R.", "unrecognized function"),
    "call of Tensor": (named("torch.Tensor") + number(1 << 40) + b"\x85R.", "unrecognized function"),
    "new Tensor": (named("torch.Tensor") + b")\x81.", "Can only create new object"),
    "new number": (b"K\x01)\x81.", "Can only create new object"),
    "call with a list": (ORDERED + b"]R.", "unrecognized function"),
    "bytearray of a number": (named("builtins.bytearray") + number(1 << 40) + b"\x85R.", "int is not bytes"),
    "bytes of a number": (named("builtins.bytes") + number(1 << 40) + b"\x85R.", "TypeError"),
    "another encoding": (named("_codecs.encode") + text("a") + text("zip") + b"\x86R.", "ValueError: zip"),
    "set of a number": (named("builtins.set") + b"K\x01\x85R.", "int is not list"),
    "set of lists": (named("builtins.set") + b"](]]e\x85R.", "TypeError"),
    "complex of text": (named("builtins.complex") + text("1") + b"K\x01\x86R.", "str is not float"),
    "size of text": (named("torch.Size") + text("12") + b"\x85R.", "str is not tuple"),
    "device of nonsense": (named("torch.device") + text("x") + b"\x85R.", "device"),
    "layout of nonsense": (named("torch.serialization._get_layout") + text("x") + b"\x85R.", "_get_layout"),
    "parameter of a number": (named("torch.nn.parameter.Parameter") + b"K\x01\x85R.", "int is not Tensor"),
    "state of a number": (b"K\x01}b.", "Can only build"),
    "state of a list": (b"]}b.", "Can only build"),
    "state of a dict": (b"}}b.", "Can only build"),
    "state of a class": (ORDERED + b"}" + text("update") + b"K\x01sb.", "Can only build"),
    "state of Tensor": (named("torch.Tensor") + b"N}" + text("sum") + b"K\x01s\x86b.", "Can only build"),
    "state of a tensor": (tensor()[:-1] + b"}" + text("array") + b"Nsb.", "Can only build"),
    "state that hides a method": (ORDERED + b")R}" + text("items") + b"K\x01sb.", "'items'"),
    "state with a class": (ORDERED + b")R}" + text("__class__") + named("builtins.set") + b"sb.", "'__class__'"),
    "state of another kind": (ORDERED + b")RK\x01b.", "TypeError"),
    "items of a list": (b"]K\x00K\x01s.", "Can only set items"),
    "items of a class": (ORDERED + b"K\x00K\x01s.", "Can only set items"),
    "items in odd number": (b"}(K\x00u.", "ValueError"),
    "item in a dict": (b"}K\x00a.", "Can only append"),
    "items in a tuple": (b")(K\x00e.", "Can only append"),
    "items of a set in a list": (b"](K\x00\x90.", "Can only add"),
    "a list as key": (b"}]K\x00s.", "TypeError"),
    "an ordered dict of a number": (ORDERED + b"K\x01\x85R.", "int is not list"),
    "memo that is not there": (b"h\x07.", "memo value 7"),
    "large memo that is not there": (b"j\xff\xff\xff\xff.", "memo value 4294967295"),
    "memo of nothing": (b"q\x00.", "from its stack"),
    "nothing": (b"", "ends too early"),
    "no end": (b"K\x01", "ends too early"),
    "end alone": (b".", "from its stack"),
    "no mark": (b"t.", "from its stack"),
    "cut text": (b"X\xff\xff\xff\x7fabc.", "ends too early"),
    "text that is none": (b"X\x01\x00\x00\x00\xff.", "UnicodeDecodeError"),
    "name without an end": (b"cos", "ends too early"),
    "name of numbers": (b"K\x01K\x02\x93.", "from its stack"),
    "id of text": (text("storage") + b"Q.", PERSISTENT),
    "id of a number": (b"K\x05Q.", PERSISTENT),
    "empty id": (b")Q.", PERSISTENT),
    "id of a module": (b"(" + text("module") + text("a") + text("b") + text("c") + b"K\x01tQ.", PERSISTENT),
    "short id": (b"(" + text("storage") + named("torch.FloatStorage") + b"tQ.", PERSISTENT),
    "long id": (storage()[:-2] + b"NtQ.", PERSISTENT),
    "id with another type": (storage("torch.float32") + b".", PERSISTENT),
    "id with a class": (storage("torch.Tensor") + b".", PERSISTENT),
    "negative count": (storage(count=-4) + b".", PERSISTENT),
    "larger count": (storage(count=5) + b".", "has 16 bytes, where 5 elements of torch.float32 take 20"),
    "smaller count": (storage(count=3) + b".", "has 16 bytes"),
    "huge count": (storage(count=1 << 62) + b".", "has 16 bytes"),
    "two dtypes": (b"(" + storage() + storage("torch.IntStorage") + b"t.", "two dtypes"),
    "two counts": (b"(" + storage() + storage("torch.DoubleStorage", count=2) + b"t.", "two dtypes"),
    "beyond the end": (tensor(1), DOES_NOT_LIE),
    "huge offset": (tensor(1 << 62), DOES_NOT_LIE),
    "negative offset": (tensor(-1), "_rebuild_tensor cannot be called"),
    "larger size": (tensor(size=numbers(5)), DOES_NOT_LIE),
    "huge size": (tensor(size=numbers(1 << 62)), DOES_NOT_LIE),
    "negative size": (tensor(size=numbers(-1)), "_rebuild_tensor cannot be called"),
    "two negative sizes": (tensor(size=numbers(-2, -2), stride=numbers(1, 1)), "_rebuild_tensor cannot be called"),
    "size that is text": (tensor(size=text("4")), "_rebuild_tensor cannot be called"),
    "size of truths": (tensor(size=b"\x88\x85"), "_rebuild_tensor cannot be called"),
    "larger stride": (tensor(size=numbers(2, 2), stride=numbers(3, 1)), DOES_NOT_LIE),
    "negative stride": (tensor(3, stride=numbers(-1)), "_rebuild_tensor cannot be called"),
    "fewer strides": (tensor(size=numbers(2, 2)), "_rebuild_tensor cannot be called"),
    "an empty tensor beyond the end": (tensor(5, size=numbers(0)), DOES_NOT_LIE),
    "more elements than can be": (tensor(size=numbers(1 << 40, 1 << 40), stride=numbers(0, 0)), "ValueError"),
    "more dimensions than can be": (tensor(size=numbers(*[1] * 99), stride=numbers(*[1] * 99)), "ValueError"),
    "tensor of a number": (tensor(of=b"K\x01"), "cannot be made of int"),
    "requires grad of a number": (tensor(end=b"K\x01)"), "cannot be called"),
    "grad of integers": (tensor(of=storage("torch.IntStorage"), end=b"\x88)"), "floating"),
    "hooks": (tensor(end=b"\x89}K\x00" + ORDERED + b"s"), "brings hooks along"),
    "the negative bit": (tensor(end=b"\x89)}" + text("neg") + b"\x88s"), "brings metadata along"),
    "too many arguments": (tensor(end=b"\x89)NNNNNN"), "TypeError"),
    "a tensor of a class": (
        named("torch._tensor._rebuild_from_type_v2") + b"(" + named("builtins.set") + named("torch.Tensor") + b")}tR.",
        "_rebuild_from_type_v2",
    ),
    "attributes that tensors have": (
        named("torch._tensor._rebuild_from_type_v2") + b"(" + tensor()[: tensor().index(b"(")]
        + named("torch.Tensor") + tensor()[tensor().index(b"(") : -2] + b"}" + text("array") + b"NstR.",
        "own attribute 'array'",
    ),
    "a size on meta": (
        named("torch._utils._rebuild_meta_tensor_no_storage") + b"("
        + named("torch.float32") + numbers(-1) + b")\x89tR.",
        "_rebuild_meta_tensor_no_storage",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPCODES)
def test_opcodes_do_no_harm(name: str) -> None:
    content, reason = OPCODES[name]
    assert reason in refused_pickle(with_pickle(content))


def test_the_same_pieces_make_a_tensor() -> None:
    assert loaded(tinygrad_mlp, with_pickle(tensor())).tolist() == [0, 0, 0, 0]
    assert loaded(tinygrad_mlp, with_pickle(tensor(2, numbers(2), numbers(1)))).shape == (2,)
    expanded = loaded(tinygrad_mlp, with_pickle(tensor(size=numbers(1000, 1000), stride=numbers(0, 0))))
    assert expanded.shape == (1000, 1000) and expanded.untyped_storage().nbytes() == 16


def test_a_missing_record_is_a_damaged_archive() -> None:
    with pytest.raises(RuntimeError, match=r"no record 'data/../../etc'"):
        loaded(tinygrad_mlp, with_pickle(storage(key="../../etc") + b"."))


def nested_tuples(depth: int) -> bytes:
    return b")" + b"q\x00h\x00\x86" * depth


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"}" + nested_tuples(70) + b"K\x01s.", "deeply nested"),
        (named("builtins.set") + b"]" + nested_tuples(70) + b"a\x85R.", "deeply nested"),
        (b"}" + b")" + b"\x85" * 100_000 + b"K\x01s.", "deeply nested"),
        (b"}(" + b"".join(number((2**61 - 1) * i) + b"K\x01" for i in range(1, 60_000)) + b"u.", "large numbers"),
    ],
    ids=["shared", "in a set", "deep", "one hash"],
)
def test_keys_that_would_take_years_to_hash_are_refused(content: bytes, reason: str) -> None:
    start = time.process_time()
    assert reason in refused_pickle(with_pickle(content))
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "content",
    [
        nested_tuples(70) + b")R.",
        nested_tuples(70) + b")\x81.",
        nested_tuples(70) + b"\x85Q.",
        nested_tuples(70) + b"Q.",
        b"]" + nested_tuples(70) + b"ab.",
        ORDERED + b")R]" + nested_tuples(70) + b"ab.",
        named("_codecs.encode") + text("a") + nested_tuples(70) + b"\x86R.",
        named("torch.Size") + b"]" + nested_tuples(70) + b"a\x85R.",
        named("torch.device") + nested_tuples(70) + b"\x85R.",
        named("torch.serialization._get_layout") + nested_tuples(70) + b"\x85R.",
        tensor(size=nested_tuples(70)),
        tensor(of=nested_tuples(70)),
        tensor(end=b"\x89)" + nested_tuples(70)),
        tensor(end=b"\x89" + nested_tuples(70)),
    ],
)
def test_messages_do_not_print_what_holds_itself_many_times(content: bytes) -> None:
    start = time.process_time()
    refused_pickle(with_pickle(content))
    assert time.process_time() - start < 5


@pytest.mark.parametrize("kind", ["set", "OrderedDict", "Counter", "bytearray", "encode", "Size"])
def test_a_pickle_does_not_get_more_copies_than_it_holds_values(kind: str) -> None:
    numbers_in_a_list = b"](" + b"".join(number(i) for i in range(1000)) + b"e"
    made = {
        "set": (named("builtins.set"), numbers_in_a_list),
        "OrderedDict": (ORDERED, b"](" + b"".join(number(i) + b"N\x86" for i in range(1000)) + b"e"),
        "Counter": (named("collections.Counter"), b"}(" + b"".join(number(i) + b"N" for i in range(1000)) + b"u"),
        "bytearray": (named("builtins.bytearray"), text("x" * 10_000)),
        "encode": (named("_codecs.encode"), text("x" * 10_000)),
        "Size": (named("torch.Size"), numbers_in_a_list),
    }
    function, argument = made[kind]
    once = function + b"q\x00" + argument + b"q\x01"
    assert "more copies" in refused_pickle(with_pickle(b"(" + once + b"h\x00h\x01\x85R" * 2000 + b"t."))


def test_deeply_nested_lists_are_made_without_recursion() -> None:
    found = loaded(tinygrad_mlp, with_pickle(b"]" * 100_000 + b"a" * 99_999 + b"."))
    for _ in range(99_999):
        (found,) = found
    assert found == []


@given(
    content=st.binary(max_size=60)
    | st.lists(st.sampled_from([each for each, _ in OPCODES.values()]), min_size=1, max_size=3).map(
        lambda parts: b"".join(part.rstrip(b".") for part in parts) + b"."
    )
)
def test_no_pickle_does_anything_but_be_read_or_refused(content: bytes) -> None:
    try:
        loaded(tinygrad_mlp, with_pickle(content))
    except (pickle.UnpicklingError, RuntimeError) as error:
        assert str(error).startswith("<BytesIO>: ") and str(error).isprintable()
