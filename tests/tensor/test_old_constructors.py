"""Torch's old constructors, `type`, storages and the like: one expression a case, held against torch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike


class Pair:
    """A sequence by its protocol alone."""

    def __len__(self):
        return 2

    def __getitem__(self, i):
        if i > 1:
            raise IndexError
        return i


CONSTRUCTED = """
torch.FloatTensor.__name__; torch.FloatTensor.dtype; torch.FloatTensor.is_cuda; torch.FloatTensor.is_sparse
torch.FloatTensor(); torch.FloatTensor(2, 3).shape; torch.FloatTensor(torch.Size([2])).shape
torch.FloatTensor((2, 3)); torch.FloatTensor([1, 2]); torch.LongTensor([1.5, 2.5]); torch.LongTensor([True])
torch.LongTensor([[1], [2]]); torch.LongTensor([[1], [2, 3]]); torch.FloatTensor(np.arange(3))
torch.FloatTensor(np.arange(3.0)); torch.LongTensor(np.arange(3)); torch.LongTensor(np.arange(3.0))
torch.FloatTensor(np.array(3.0)); torch.FloatTensor(np.int64(3)).shape; torch.FloatTensor(np.float32(3))
torch.FloatTensor(3.5); torch.FloatTensor("ab"); torch.FloatTensor(None); torch.FloatTensor(x)
torch.FloatTensor(x) is x; torch.FloatTensor(x).data_ptr() == x.data_ptr(); torch.LongTensor(x); torch.DoubleTensor(x)
torch.ByteTensor([1, 300]); torch.ByteTensor([-1]); torch.BoolTensor([0, 1, 2]); torch.BoolTensor([0.5])
torch.IntTensor([2**40]); torch.LongTensor([2**70]); torch.HalfTensor([1, 2]); torch.FloatTensor(-1)
torch.FloatTensor(True); torch.FloatTensor(2, "a"); torch.FloatTensor(2, 3.5); torch.FloatTensor([1, 2], 3)
torch.FloatTensor(2, device="cpu").shape; torch.FloatTensor(device="cpu"); torch.FloatTensor([1], device="cuda")
torch.FloatTensor([1], dtype=torch.float32); torch.FloatTensor(size=(2,)).shape; torch.FloatTensor(data=[2])
torch.FloatTensor(range(3)); torch.FloatTensor(Pair()); torch.FloatTensor([x[0], x[1]])
torch.LongTensor([x[0], x[1]]); torch.LongTensor([torch.tensor(3)]); isinstance(x, torch.FloatTensor)
isinstance(x, torch.LongTensor); isinstance(torch.nn.Parameter(x), torch.FloatTensor)
isinstance(3, torch.FloatTensor); issubclass(torch.Tensor, torch.FloatTensor)
issubclass(torch.FloatTensor, torch.Tensor); torch.FloatTensor([[]]); torch.FloatTensor([])
torch.FloatTensor(torch.tensor(3)); torch.FloatTensor(torch.tensor(3.0)); torch.FloatTensor(x.storage())
torch.FloatTensor(2, 3, 4, device=None).shape; torch.FloatTensor.add(x, 1)
torch.ByteTensor(x.untyped_storage()).sum(); x.new(2, 3).shape; x.new([1, 2]); x.new(); x.new(x); x.long().new([1, 2])
x.long().new(2).dtype; x.long().new(x); x.long().new([1.5]); x.new(torch.Size([2])).shape; x.new("a"); x.new(3.5)
x.new(np.arange(2)); x.new(2, device="cpu").shape; x.new([1], dtype=torch.int64); x.new(size=(2,)).shape
torch.Tensor.new(x, 2).shape; torch.nn.Parameter(x).new(2).requires_grad; torch.Tensor(2, 3).shape
torch.Tensor((2, 3)); torch.Tensor(torch.Size([2, 3])).shape; torch.Tensor(x.long()); torch.Tensor(x) is x
torch.Tensor(x).data_ptr() == x.data_ptr(); torch.Tensor(3.5); torch.Tensor(None); torch.Tensor("a")
torch.Tensor(2, "a"); torch.Tensor([1, 2], device="cpu"); torch.Tensor(size=(2,)).shape; torch.Tensor(data=[1])
torch.Tensor(-1); torch.Tensor(True); torch.Tensor([True]); torch.Tensor(np.array(3.0))
torch.Tensor(np.int64(3)).shape; torch.Tensor([[1], [2, 3]]); torch.Tensor([1], dtype=torch.int64)
torch.Tensor(requires_grad=True); x.new_empty(2, 3).shape; x.new_ones(2, dtype=torch.int64); x.new_tensor([1])
"""

BUFFERS = """
torch.frombuffer(b, dtype=torch.float32); torch.frombuffer(b, dtype=torch.float32, count=2, offset=4)
torch.frombuffer(b); torch.frombuffer(b, dtype=torch.int16, count=3)
torch.frombuffer(b, dtype=torch.float32, offset=1); torch.frombuffer(b, dtype=torch.float32, count=100)
torch.frombuffer(b, dtype=torch.float32, offset=100); torch.frombuffer(b, dtype=torch.float32, count=0)
torch.frombuffer(3, dtype=torch.float32); torch.frombuffer(b, dtype=3)
torch.frombuffer(b, dtype=torch.float32, requires_grad=True)
torch.frombuffer(b, dtype=torch.int32, requires_grad=True); torch.frombuffer(bytearray(), dtype=torch.float32)
torch.frombuffer(b, dtype=torch.float32, count=-2); torch.frombuffer(b, dtype=torch.float32, offset=-1)
torch.frombuffer(np.arange(3.0), dtype=torch.float64); torch.frombuffer(b, dtype=torch.bool)
torch.frombuffer(b, dtype=torch.float32).add_(1); torch.from_dlpack(np.arange(3.0)); torch.from_dlpack(x)
torch.from_dlpack(3); torch.from_dlpack(x).data_ptr() == x.data_ptr(); x[:, torch.newaxis].shape
torch.asarray(3); torch.asarray([1.0, 2.0]); torch.asarray(x) is x; torch.asarray(x, copy=True) is x
torch.asarray(np.arange(3.0)); torch.asarray(np.arange(3.0), dtype=torch.float32); torch.asarray(np.float32(2))
torch.asarray(b); torch.asarray(b, dtype=torch.int16); torch.asarray([1], copy=False); torch.asarray("x")
torch.asarray(x, dtype=torch.float64, copy=False); torch.asarray(np.arange(3.0), copy=False)
torch.asarray(x.requires_grad_(), requires_grad=False)
torch.asarray(x.requires_grad_() * 2, requires_grad=True); torch.asarray([1.0], requires_grad=True)
torch.asarray([1.0], device="cpu"); torch.asarray([1], requires_grad=True)
torch.asarray(np.zeros(2)).data_ptr() == 0; torch.asarray(x, dtype=torch.int64)
torch.asarray([1, 2.5], dtype=torch.int64)
torch.vander(torch.arange(3)); torch.vander(torch.arange(3.0), 2); torch.vander(torch.arange(3.0), N=4, increasing=True)
torch.vander(torch.arange(3.0), 0); torch.vander(torch.arange(3.0), 1); torch.vander(torch.ones(2, 2))
torch.vander(torch.arange(3.0), -1); torch.vander(torch.tensor([True, False])); torch.vander(torch.ones(0))
torch.overrides.is_tensor_like(x); torch.overrides.is_tensor_like(3); torch.overrides.has_torch_function((x,))
isinstance(x, torch.types.Tensor); [name in dir(torch.types) for name in ("Device", "Number", "_size", "_dtype")]
"""

TYPES = """
x.type(torch.LongTensor); x.type("torch.LongTensor"); x.type(torch.float64); x.type("LongTensor")
x.type(torch.Tensor); x.type(int); x.type(float); x.type(3); x.type("torch.float64"); x.type(dtype=torch.int64)
x.type(torch.int64, True); x.type(torch.int64, non_blocking=True)
x.type(torch.LongTensor, False, memory_format=torch.contiguous_format); x.type(None); x.type(torch.FloatTensor) is x
x.long().type(torch.Tensor); x.type(torch.long).type(); torch.typename(x); torch.typename(3)
torch.typename(torch.nn.Linear(1, 1)); torch.typename(torch.nn.Parameter(x)); torch.typename([])
torch.typename(torch.nn.Linear)
"""

DTYPES = [
    "float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool", "complex32",
    "complex64", "complex128",
]  # fmt: skip

STORED = """
x.storage()[0]; x.storage()[4]; x.storage()[-1]; x.storage()[1:3]; x.storage().size(); len(x.storage())
x.storage().tolist(); x.storage().dtype; x.storage().nbytes(); x.storage().data_ptr() == x.data_ptr()
x.storage().element_size(); x.storage().is_shared(); x.storage().type(); str(x.storage()); list(x.storage())
str(x.storage().fill_(2)); x.storage().pickle_storage_type(); str(x.storage().untyped()); x.untyped_storage()[0]
x.untyped_storage()[16]; x.untyped_storage()["a"]; str(x.untyped_storage()); x.untyped_storage().size()
x.untyped_storage().nbytes(); x.untyped_storage() == x.untyped_storage(); x.untyped_storage().element_size()
x.untyped_storage().clone() == x.untyped_storage()
x.untyped_storage().data_ptr() == x[1:].untyped_storage().data_ptr(); x[1:].storage_offset(); x[::2].storage_offset()
x.view(2, 2)[1, 1].storage_offset(); x.t().storage_offset(); x.untyped_storage().is_cuda
str(x.untyped_storage().device); x[1:].untyped_storage().nbytes(); torch.ones(0).data_ptr()
str(x.untyped_storage()[2:4]); str(x.untyped_storage().fill_(1)); x.nbytes; x.element_size(); x.itemsize
x.expand(2, 4).untyped_storage().nbytes(); torch.ones(0).untyped_storage().data_ptr(); torch.is_storage(x)
torch.is_storage(x.storage()); torch.is_storage(x.untyped_storage()); torch.zeros(2).set_(x.storage())
torch.zeros(2).set_(x.storage(), 1, (2,), (1,)); torch.zeros(2).set_(x.storage(), 1, (3,))
torch.zeros(2).set_(x.untyped_storage(), 1, (2,), (1,)); torch.zeros(2).set_(x); torch.zeros(3).set_()
torch.zeros(3, requires_grad=True).set_(x); torch.zeros(2).set_(torch.ones(2, dtype=torch.int64))
torch.zeros(2).set_(x.storage(), 0, (2, 2), (1, 2)); torch.zeros(2).set_(x).data_ptr() == x.data_ptr()
torch.zeros(3).resize_(2, 2).shape; x.resize_(2); x.resize_(2).resize_(4); x.resize_(2, 2); x.resize_((2, 2))
x.resize_as_(torch.ones(2)); torch.resize_as_(x, torch.ones(2)); torch.ones(2, requires_grad=True).resize_(3)
x.view(2, 2).resize_(8)[:4]; x[1:3].resize_(4)[:3]; x[1:3].resize_(3); x.resize_(-1); x.resize_("a"); x.resize_()
x.resize_as_(3); x.view(2, 2).T.resize_(4); x.view(2, 2).T.resize_(2, 2); x.view(2, 2)[:, :1].resize_(3)
x.resize_(6)._version; x.resize_(4)._version; x.set_(torch.ones(3))._version
x.resize_(4, memory_format=torch.contiguous_format); x[1:3].resize_(3).add_(1)
"""

CALLED = """
x.apply_(lambda v: v * 2); x.map_(x, lambda a, b: a + b); x.map2_(x, x, lambda a, b, c: a + b + c)
x.apply_(lambda v: "a"); x.apply_(3); x.map_(torch.ones(1), lambda a, b: a + b)
x.map_(torch.ones(3), lambda a, b: a + b); x.map_(3, lambda a, b: a)
x.map_(torch.ones(4, dtype=torch.int64), lambda a, b: a); torch.ones(2, requires_grad=True).apply_(lambda v: v)
torch.ones(2, requires_grad=True).detach().apply_(lambda v: v + 1); torch.arange(3).apply_(lambda v: v / 2)
(torch.ones(2, requires_grad=True) * 1).apply_(lambda v: v); torch.tensor([True]).apply_(lambda v: not v)
torch.ones(2).map_(torch.ones(2, requires_grad=True), lambda a, b: a); torch.ones(2).apply_(lambda v: None)
torch.ones(2).apply_(lambda a, b: 1); torch.arange(2, dtype=torch.uint8).apply_(lambda v: v - 1)
x.apply_(lambda v: True); torch.ones(0).apply_(lambda v: 1 / 0)
torch.zeros(2, 3).map_(torch.arange(3.0), lambda a, b: b); x.apply_(lambda v: v)._version
torch.ones(2, dtype=torch.float16).apply_(lambda v: 2.0); x.apply_(lambda v: torch.tensor(2.0))
x.view(2, 2).T.apply_(lambda v: v + 1); torch.arange(3).apply_(lambda v: 2**70)
"""

ASKED = """
torch.is_complex(x); torch.is_complex(3); torch.is_conj(x); torch.is_neg(x); torch.is_nonzero(x[1])
torch.is_nonzero(x); torch.is_nonzero(torch.ones(0)); torch.is_nonzero(3); torch.is_signed(x)
torch.is_signed(x.byte()); torch.is_signed(x.bool()); torch.is_distributed(x); torch.get_device(x)
torch.get_device(3); torch.is_same_size(x, x); torch.is_same_size(x, x[1:]); torch.is_same_size(x, 3)
x.is_same_size(x); x.is_nonzero(); x[1].is_nonzero(); x.is_complex(); x.is_conj(); x.is_neg(); x.is_signed()
x.is_distributed(); x.get_device(); x.ndimension(); x.name; x.is_sparse; x.is_sparse_csr; x.is_quantized; x.is_cpu
x.is_meta; x.is_mps; x.is_xpu; x.is_xla; x.is_mkldnn; x.is_nested; x.is_vulkan; x.is_ipu; x.is_mtia; x.is_maia
x.volatile; x.is_shared(); x.is_pinned(); x.dim_order(); x.view(2, 2).T.dim_order(); x.is_set_to(x)
x.is_set_to(x.view(4)); x.is_set_to(x[1:]); x.dense_dim(); x.sparse_dim(); x.to_dense() is x; str(x.layout); x.nbytes
x.to_dense(torch.float64); x.const_data_ptr() == x.data_ptr(); torch.promote_types(torch.int64, float)
torch.promote_types(3, torch.int64); torch.promote_types(torch.int64, 3); torch.can_cast(torch.int64, 3)
torch.can_cast(3, torch.int64); torch.result_type(x, 1); torch.result_type(x.long(), 1.5)
"""


def cases(text):
    return [case.strip() for case in text.replace("\n", "; ").split("; ") if case.strip()]


@pytest.mark.parametrize("case", cases(CONSTRUCTED + BUFFERS + TYPES + STORED + CALLED + ASKED))
def test_it_gives_what_torch_gives(case):
    def program(torch):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "TypedStorage is deprecated")
            result = eval(
                case, {"torch": torch, "np": np, "Pair": Pair, "x": torch.arange(4.0), "b": bytearray(range(24))}
            )
        return result.replace("tinygrad_mlp", "torch") if isinstance(result, str) else result

    assert_alike(program, words=6)


@pytest.mark.parametrize("name", DTYPES)
def test_what_a_dtype_says(name):
    def program(torch):
        said = [refused(function, getattr(torch, name)) for function in (torch.finfo, torch.iinfo)]
        own = getattr(torch, name)
        attributes = ("is_complex", "is_floating_point", "is_signed", "itemsize")
        parts = [refused(getattr(own, each)) for each in ("to_real", "to_complex")]
        limits = ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution", "dtype")
        return [
            repr(own), parts, [getattr(own, each) for each in attributes],
            [each if isinstance(each, Exception) else repr(each) for each in said],
            [getattr(each, limit, None) for each in said for limit in limits],
            [torch.promote_types(own, getattr(torch, other)) for other in DTYPES],
            [torch.can_cast(own, getattr(torch, other)) for other in DTYPES],
        ]  # fmt: skip

    assert_alike(program)


def refused(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return error


LIMITS = """
torch.finfo(); torch.iinfo(); torch.finfo(3); torch.iinfo("a")
torch.finfo(torch.float32) == torch.finfo(torch.float32); torch.finfo(torch.float32) == torch.finfo(torch.float64)
torch.iinfo(torch.int8) == torch.iinfo(torch.int8); torch.finfo(type=torch.float16).bits
"""


@pytest.mark.parametrize("case", cases(LIMITS))
def test_limits(case):
    def program(torch):
        result = eval(case, {"torch": torch})
        return result if isinstance(result, (bool, int)) else repr(result)

    assert_alike(program)


COMPLEX = [
    lambda torch: torch.zeros(2, dtype=torch.complex64),
    lambda torch: torch.ones(2).to(torch.complex128),
    lambda torch: torch.tensor([1.0], dtype=torch.cfloat),
    lambda torch: torch.ones(2).cdouble(),
    lambda torch: torch.ones(2, dtype=complex),
    lambda torch: torch.rand(2, dtype=torch.chalf),
]


@pytest.mark.parametrize("program", COMPLEX)
def test_a_complex_tensor_is_refused_in_one_line(program):
    with pytest.raises(
        NotImplementedError, match=r"^tinygrad_mlp has no complex numbers: torch\.complex\d+ is a name only$"
    ):
        program(tinygrad_mlp)


@pytest.mark.parametrize("kind", ["DoubleTensor", "HalfTensor", "FloatTensor", "LongTensor", "Tensor"])
@pytest.mark.parametrize("as_text", [False, True])
def test_the_default_type_is_set(kind, as_text):
    def program(torch):
        before = torch.get_default_dtype()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                torch.set_default_tensor_type(f"torch.{kind}" if as_text else getattr(torch, kind))
                return torch.ones(1).dtype, torch.Tensor([1]).dtype, torch.tensor([1.0]).dtype
            finally:
                torch.set_default_dtype(before)

    assert_alike(program)


@pytest.mark.parametrize("given", ["abc", 3, None])
def test_what_is_no_default_type(given):
    def program(torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.set_default_tensor_type(given)

    assert_alike(program)


@pytest.mark.filterwarnings("ignore:torch.set_default_tensor_type")
def test_there_is_no_cuda_and_no_pinned_memory():  # in the words of torch's CPU build
    with pytest.raises(TypeError, match=r"^type torch\.cuda\.FloatTensor not available\. Torch not compiled with CUDA"):
        tinygrad_mlp.set_default_tensor_type("torch.cuda.FloatTensor")
    with pytest.raises(RuntimeError, match=r"^Cannot access accelerator device when none is available"):
        tinygrad_mlp.ones(2).pin_memory()
    with pytest.raises(RuntimeError, match=r"^legacy constructor expects device type: cpu but device type: cuda was"):
        tinygrad_mlp.FloatTensor([1], device="cuda")


def test_a_tensor_of_a_tensor_shares_its_versions():
    x = tinygrad_mlp.ones(3)
    w = tinygrad_mlp.ones(3, requires_grad=True)
    y = (w * x).sum()
    tinygrad_mlp.Tensor(x).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize("way", ["del x.requires_grad", "x.requires_grad = 1"])
def test_attributes_that_are_not_deleted(way):
    def program(torch):
        exec(way, {"x": torch.ones(2)})

    assert_alike(program, words=3)


def test_names_are_on_torchs_list():
    assert {name for name in dir(tinygrad_mlp) if name.endswith("Tensor")} <= set(dir(torch))
