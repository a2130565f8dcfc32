"""Sequences of different lengths as one tensor: padded to the longest, or packed without padding.

Recurrent layers are not here; programs use these as containers, and data loaders pad their batches with them. Behaviour
is that of torch.nn.utils.rnn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...arrays import dtypes
from ...tensor import FUNCTIONS, Tensor, wrap
from ...tensor.creation.data import as_tensor
from ...tensor.kinds import wrong_type
from .refusals import (
    LENGTHS_COUNT,
    LENGTHS_NOT_POSITIVE,
    LENGTHS_SHAPE,
    LENGTHS_SORTED,
    NO_PAIR,
    NO_SEQUENCES,
    NOTHING_TO_PACK,
    PADDED_TYPE,
    PADDING_SIDE,
    PART_TYPE,
    TOTAL_LENGTH,
)

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence",
    "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip

Self = TypeVar("Self", bound="PackedSequence")


class PackedSequence_(NamedTuple):
    """What a PackedSequence consists of."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(PackedSequence_):
    """Sequences of different lengths, step by step: first the first elements of all of them, the longest first.

    `data` has these, `batch_sizes` how many sequences have each step; `sorted_indices` says where each sequence, from
    the longest on, stood before, and `unsorted_indices` the reverse; None if they were sorted. Source:
    torch.nn.utils.rnn.PackedSequence.
    """

    def __new__(
        cls: type[Self],
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError(NO_PAIR)
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert the data, as `Tensor.to` does; return the same object where nothing changes."""
        return self._of(self.data.to(*args, **kwargs))

    def cpu(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Return the sequences, whose data are on the CPU already, in the dtype that is given, if any."""
        return self.to(*args, **kwargs)

    def cuda(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Raise AssertionError, as a torch that was not built for CUDA does."""
        return self._of(self.data.cuda(*args, **kwargs))

    def _of(self: Self, data: Tensor) -> Self:
        return self if data is self.data else type(self)(data, *self[1:])

    def double(self: Self) -> Self:
        """Cast the data to float64."""
        return self.to(dtypes.float64)

    def float(self: Self) -> Self:
        """Cast the data to float32."""
        return self.to(dtypes.float32)

    def half(self: Self) -> Self:
        """Cast the data to float16."""
        return self.to(dtypes.float16)

    def long(self: Self) -> Self:
        """Cast the data to int64."""
        return self.to(dtypes.int64)

    def int(self: Self) -> Self:
        """Cast the data to int32."""
        return self.to(dtypes.int32)

    def short(self: Self) -> Self:
        """Cast the data to int16."""
        return self.to(dtypes.int16)

    def char(self: Self) -> Self:
        """Cast the data to int8."""
        return self.to(dtypes.int8)

    def byte(self: Self) -> Self:
        """Cast the data to uint8."""
        return self.to(dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the data lie on a CUDA device: never."""
        return bool(self.data.is_cuda)

    def is_pinned(self) -> bool:
        """Whether the data lie in pinned memory: never."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that takes another one back; None for None (torch.nn.utils.rnn)."""
    return None if permutation is None else wrap(np.argsort(permutation.array, kind="stable"))


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Stack sequences of shapes (length, *) into one tensor (longest, count, *), or (count, longest, *).

    The others are filled with `padding_value` at the end, or at the beginning if `padding_side` is "left". RuntimeError
    for no sequences, for another side, and for sequences that differ in more than their lengths. Source:
    torch.nn.utils.rnn.pad_sequence.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(PADDED_TYPE.format(found=type(sequences)))
    listed = tuple(sequences)
    if not listed:
        raise RuntimeError(NO_SEQUENCES)
    for i, sequence in enumerate(listed):
        if not isinstance(sequence, Tensor):
            raise TypeError(PART_TYPE.format(i=i, found=type(sequence).__name__))
    if padding_side not in ("left", "right"):
        raise RuntimeError(PADDING_SIDE.format(found=padding_side))
    longest, count = max(sequence.size(0) for sequence in listed), len(listed)
    sizes = (count, longest) if batch_first else (longest, count)
    padded = listed[0].new_full((*sizes, *listed[0].shape[1:]), padding_value)
    for i, sequence in enumerate(listed):
        start = longest - len(sequence) if padding_side == "left" else 0
        steps = slice(start, start + len(sequence))
        padded[(i, steps) if batch_first else (steps, i)].copy_(sequence)
    return padded


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Any]:
    """Split what `pad_sequence` has padded at the end into sequences of these lengths (torch.nn.utils.rnn)."""
    if not batch_first:
        padded_sequences.transpose_(0, 1)
    places = wrap(np.arange(padded_sequences.shape[1]))
    return [sequence[places < length] for sequence, length in zip(padded_sequences, lengths, strict=True)]


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch (longest, count, *), or (count, longest, *), of sequences of these lengths.

    They have to be sorted, the longest first, unless `enforce_sorted` is false. RuntimeError for lengths that do not
    fit, and for an input without elements. Source: torch.nn.utils.rnn.pack_padded_sequence.
    """
    given = lengths.to(dtypes.int64) if isinstance(lengths, Tensor) else as_tensor(lengths, dtype=dtypes.int64)
    order = None
    if not enforce_sorted:
        given, order = FUNCTIONS["sort"](given, descending=True)
        input = input.index_select(0 if batch_first else 1, order)
    if not isinstance(input, Tensor):
        raise wrong_type("_pack_padded_sequence", "input", 1, "Tensor", input)
    if input.numel() == 0:
        raise RuntimeError(NOTHING_TO_PACK)
    steps = input.transpose(0, 1) if batch_first else input
    mask = _mask(_checked(given, steps.size(1)))
    return PackedSequence(steps[: len(mask)][wrap(mask[: len(steps)])], wrap(mask.sum(1)), order, None)


def _checked(lengths: Tensor, count: int) -> Any:
    """The lengths as an array; RuntimeError unless there are `count`, all above 0, the longest first."""
    array = _one_dimension(lengths)
    if len(array) != count:
        raise RuntimeError(LENGTHS_COUNT.format(found=len(array), count=count))
    if (array[:-1] < array[1:]).any():
        raise RuntimeError(LENGTHS_SORTED)
    if (array <= 0).any():
        raise RuntimeError(LENGTHS_NOT_POSITIVE)
    return array


def _one_dimension(lengths: Tensor) -> Any:
    if lengths.ndim != 1 or lengths.dtype is not dtypes.int64:
        kind = lengths.dtype.tensor_type.removesuffix("Tensor")
        raise RuntimeError(LENGTHS_SHAPE.format(ndim=lengths.ndim, kind=kind))
    return lengths.array


def _mask(lengths: Any) -> Any:
    """Which sequences have each step, a row for a step: read in C order, it is the order of packed elements."""
    return np.arange(lengths.max(initial=0))[:, None] < lengths


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, Any]:
    """Return packed sequences as a padded batch, in the order in which they were packed, and their lengths.

    With `total_length` they are padded to that length; ValueError if it is too short. Source:
    torch.nn.utils.rnn.pad_packed_sequence.
    """
    longest = sequence.batch_sizes.size(0)
    if total_length is not None and total_length < longest:
        raise ValueError(TOTAL_LENGTH.format(total=total_length, longest=longest))
    sizes = _one_dimension(sequence.batch_sizes)
    mask = np.arange(sizes.max(initial=0)) < sizes[:, None]
    padded = sequence.data.new_full((total_length or longest, mask.shape[1], *sequence.data.shape[1:]), padding_value)
    padded[:longest][wrap(mask)] = sequence.data
    lengths = wrap(mask.sum(0))
    if batch_first:
        padded = padded.transpose(0, 1)
    order = sequence.unsorted_indices
    return (padded, lengths) if order is None else (padded.index_select(0 if batch_first else 1, order), lengths[order])


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences of shapes (length, *): `pad_sequence` and then `pack_padded_sequence`."""
    lengths = as_tensor([sequence.size(0) for sequence in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """Return packed sequences as a list (torch.nn.utils.rnn.unpack_sequence)."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
