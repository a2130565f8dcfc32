"""Padded and packed sequences (nn.utils.rnn) against torch."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from support.two_worlds import assert_alike


def steps(torch: Any, *shape: int) -> Any:
    """A tensor of consecutive numbers that are learnt."""
    x = torch.arange(1.0, 1 + torch.ones(shape).numel()).reshape(shape)
    return x.requires_grad_()


def several(torch: Any) -> list[Any]:
    return [steps(torch, 2, 3), steps(torch, 4, 3), steps(torch, 1, 3)]


def learnt(result: Any, *inputs: Any) -> Any:
    """A result, and the gradients of the inputs for a cotangent that differs from place to place."""
    (result * (result.detach() + 1).cumsum(0)).sum().backward()
    return result.detach(), result.is_contiguous(), *[x.grad for x in inputs]


CASTS = ["double", "float", "half", "long", "int", "short", "char", "byte", "cpu"]
PADDED = {
    "right": {},
    "batch first": {"batch_first": True},
    "another value": {"padding_value": -1.5},
    "left": {"padding_side": "left"},
    "left, batch first": {"padding_side": "left", "batch_first": True, "padding_value": 7},
}


@pytest.mark.parametrize("name", PADDED)
def test_padded(name: str) -> None:
    def program(torch: Any) -> Any:
        xs = several(torch)
        return learnt(torch.nn.utils.rnn.pad_sequence(xs, **PADDED[name]), *xs)

    assert_alike(program)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [[4, 2, 1], [4, 4, 4], [3, 2, 1], [5, 2, 1], (4, 2, 1)])
def test_packed_and_padded_again(lengths: Any, batch_first: bool) -> None:
    def program(torch: Any) -> Any:
        R = torch.nn.utils.rnn
        x = steps(torch, *((3, 4, 2) if batch_first else (4, 3, 2)))
        packed = R.pack_padded_sequence(x, lengths, batch_first)
        if max(lengths) > 4:
            return packed
        padded, found = R.pad_packed_sequence(packed, batch_first, -1.0, total_length=6)
        return packed, learnt(padded, x), found, R.pad_packed_sequence(packed), type(packed).__name__

    assert_alike(program)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("lengths", [[1, 4, 2], [2, 2, 4]])
def test_packed_out_of_order(lengths: list[int], batch_first: bool) -> None:
    def program(torch: Any) -> Any:
        R = torch.nn.utils.rnn
        x = steps(torch, *((3, 4) if batch_first else (4, 3)))
        packed = R.pack_padded_sequence(x, torch.tensor(lengths), batch_first, enforce_sorted=False)
        padded, found = R.pad_packed_sequence(packed, batch_first)
        return packed, learnt(padded, x), found, R.unpack_sequence(packed)

    assert_alike(program)


def of_a_list(torch: Any) -> Any:
    R = torch.nn.utils.rnn
    xs = several(torch)
    packed = R.pack_sequence(xs, enforce_sorted=False)
    return packed, R.unpack_sequence(packed), repr(R.pack_sequence(sorted(xs, key=len, reverse=True)).data.detach())


def converted(torch: Any) -> Any:
    packed = torch.nn.utils.rnn.pack_sequence(several(torch), enforce_sorted=False)
    kinds = [getattr(packed, name)().data.dtype for name in CASTS]
    same = [packed.to(torch.float32) is packed, packed.cpu() is packed, packed.double() is packed]
    return kinds, same, packed.double().sorted_indices, packed.is_cuda, packed.is_pinned()


def fields(torch: Any) -> Any:
    R = torch.nn.utils.rnn
    packed = R.PackedSequence((torch.ones(3), torch.tensor([2, 1])), sorted_indices=torch.tensor([1, 0]))
    data, sizes, *_ = packed
    twins = copy.deepcopy(packed), pickle.loads(pickle.dumps(packed))
    return (
        packed._fields,
        data,
        sizes,
        packed.unsorted_indices,
        twins,
        isinstance(twins[1], R.PackedSequence),
        repr(packed),
    )


def unpadded(torch: Any) -> Any:
    R, x = torch.nn.utils.rnn, torch.arange(12.0).reshape(4, 3)
    return R.unpad_sequence(x, torch.tensor([2, 1, 4])), x.shape, R.unpad_sequence(x, torch.tensor([2, 1, 3]), True)


def ints(torch: Any) -> Any:
    R = torch.nn.utils.rnn
    xs = [torch.tensor([1, 2]), torch.tensor([3])]
    return R.pad_sequence(xs, padding_value=0.5), R.pad_sequence(iter(xs)), R.pack_sequence(xs), R.pad_sequence(xs[0:1])


def mixed(torch: Any) -> Any:
    R, xs = torch.nn.utils.rnn, [torch.ones(2), torch.tensor([3])]
    return R.pad_sequence(xs), R.pad_sequence(xs[::-1]), R.pad_sequence(torch.ones(2, 3))


def inverse(torch: Any) -> Any:
    return torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1])), torch.nn.utils.rnn.invert_permutation(None)


def float_lengths(torch: Any) -> Any:
    return torch.nn.utils.rnn.pack_padded_sequence(torch.ones(4, 2), torch.tensor([4.0, 2.5]))


@pytest.mark.parametrize(
    "program", [of_a_list, converted, fields, unpadded, ints, mixed, inverse, float_lengths], ids=lambda f: f.__name__
)
def test_programs(program: Any) -> None:
    assert_alike(program)


WRONG = {
    "too few lengths": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), [4, 2]),
    "no lengths": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), []),
    "a length of 0": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), [4, 2, 0]),
    "a length below 0": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), [4, -2, 1], enforce_sorted=False),
    "not sorted": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), [2, 4, 1]),
    "lists that are not sorted": lambda torch, R: R.pack_sequence([torch.ones(1), torch.ones(2)]),
    "no elements": lambda torch, R: R.pack_padded_sequence(torch.ones(0, 3), [4, 2, 1]),
    "a vector": lambda torch, R: R.pack_padded_sequence(torch.ones(3), [3]),
    "lengths in a matrix": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), torch.tensor([[4, 2, 1]])),
    "one length": lambda torch, R: R.pack_padded_sequence(torch.ones(4, 3), 4),
    "no tensor": lambda torch, R: R.pack_padded_sequence([1.0, 2.0], [2]),
    "nothing to pad": lambda torch, R: R.pad_sequence([]),
    "no sequences": lambda torch, R: R.pad_sequence(3),
    "a number among them": lambda torch, R: R.pad_sequence([torch.ones(2), 3]),
    "other sizes": lambda torch, R: R.pad_sequence([torch.ones(2, 3), torch.ones(2, 2)]),
    "another side": lambda torch, R: R.pad_sequence([torch.ones(2)], padding_side="up"),
    "too short": lambda torch, R: R.pad_packed_sequence(R.pack_sequence([torch.ones(3)]), total_length=2),
    "sizes that are no integers": lambda torch, R: R.pad_packed_sequence(
        R.PackedSequence(torch.ones(3), torch.tensor([2.0, 1.0]))
    ),
    "sizes in a matrix": lambda torch, R: R.pad_packed_sequence(R.PackedSequence(torch.ones(3), torch.tensor([[3]]))),
    "data alone": lambda torch, R: R.PackedSequence(torch.ones(3)),
    "too few sequences": lambda torch, R: R.unpad_sequence(torch.ones(4, 3), torch.tensor([1, 2])),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_refused(name: str) -> None:
    assert_alike(lambda torch: WRONG[name](torch, torch.nn.utils.rnn))
