"""Functions of complex numbers that libraries call on any tensor: for real numbers they give it back, or refuse."""

from __future__ import annotations

import pytest
import torch

import tinygrad_mlp

VALUES = [[1.5, -2.0, float("nan")], [1, -2], [True, False], 3.0, []]


@pytest.mark.parametrize("values", VALUES, ids=str)
@pytest.mark.parametrize("name", ["real", "conj", "conj_physical", "resolve_conj", "resolve_neg"])
def test_the_tensor_itself_is_given_back(name: str, values: object) -> None:
    for framework in (torch, tinygrad_mlp):
        x = framework.tensor(values)
        assert getattr(framework, name)(x) is x
        method = getattr(x, name)
        assert (method if name == "real" else method()) is x


@pytest.mark.parametrize("values", VALUES, ids=str)
def test_every_element_is_real(values: object) -> None:
    for call in (lambda framework: framework.isreal(framework.tensor(values)), lambda f: f.tensor(values).isreal()):
        theirs, ours = call(torch), call(tinygrad_mlp)
        assert ours.tolist() == theirs.tolist() and ours.shape == theirs.shape and str(ours.dtype) == str(theirs.dtype)


def test_there_is_no_imaginary_part() -> None:
    for framework in (torch, tinygrad_mlp):
        with pytest.raises(RuntimeError, match=r"imag is not implemented for tensors with non-complex dtypes\."):
            framework.imag(framework.ones(2))


@pytest.mark.parametrize("name", ["real", "imag", "conj", "isreal"])
def test_what_is_no_tensor_is_refused(name: str) -> None:
    for framework in (torch, tinygrad_mlp):
        with pytest.raises(TypeError, match=rf"{name}\(\): argument 'input' \(position 1\) must be Tensor, not float"):
            getattr(framework, name)(1.5)


@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64"])
def test_unsigned_integers_are_names_only(name: str) -> None:
    ours, theirs = getattr(tinygrad_mlp, name), getattr(torch, name)
    for attribute in ("is_complex", "is_floating_point", "is_signed", "itemsize"):
        assert getattr(ours, attribute) == getattr(theirs, attribute)
    assert repr(ours) == repr(theirs)
    for call in (lambda: tinygrad_mlp.ones(2, dtype=ours), lambda: tinygrad_mlp.tensor([1, 2], dtype=ours)):
        with pytest.raises(NotImplementedError, match=rf"but torch\.uint8: torch\.{name} is a name only"):
            call()
    with pytest.raises(NotImplementedError, match="is a name only"):
        tinygrad_mlp.ones(2).to(ours)
