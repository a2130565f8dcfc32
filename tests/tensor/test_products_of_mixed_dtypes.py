"""Products of operands of several dtypes, which torch refuses in the words of the kernel that would compute them."""

from __future__ import annotations

import itertools

import pytest

from support.two_worlds import assert_alike

SHAPES = {
    "mm": ((2, 3), (3, 2)), "bmm": ((2, 2, 3), (2, 3, 2)), "mv": ((2, 3), (3,)), "dot": ((3,), (3,)),
}  # fmt: skip
MATMUL = [
    ((2, 3), (3, 2)), ((2, 2, 3), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 2, 3), (2, 3, 2)), ((2, 3), (3,)), ((3,), (3, 2)),
    ((3,), (3,)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)),
]  # fmt: skip
DTYPES = ["float32", "float64", "float16", "int64", "int32", "uint8"]
MIXED = list(itertools.permutations(DTYPES, 2))
OF_THREE = [dtypes for dtypes in itertools.product(DTYPES[:2] + DTYPES[3:4], repeat=3) if len(set(dtypes)) > 1]


def ones(torch, shape, dtype):
    return torch.ones(shape, dtype=getattr(torch, dtype))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("first, second", MIXED)
def test_a_named_product(name, first, second):
    a, b = SHAPES[name]
    assert_alike(lambda torch: getattr(torch, name)(ones(torch, a, first), ones(torch, b, second)))


@pytest.mark.parametrize("a, b", MATMUL)
@pytest.mark.parametrize("first, second", MIXED)
def test_matmul_takes_the_words_of_the_product_that_it_is(a, b, first, second):
    assert_alike(lambda torch: ones(torch, a, first) @ ones(torch, b, second))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
@pytest.mark.parametrize("dtypes", OF_THREE)
def test_linear_with_a_bias(shape, dtypes):
    def program(torch):
        x, weight, bias = (ones(torch, s, d) for s, d in zip((shape, (4, 3), (4,)), dtypes, strict=True))
        return torch.nn.functional.linear(x, weight, bias)

    assert_alike(program)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
@pytest.mark.parametrize("first, second", MIXED)
def test_linear_without_a_bias(shape, first, second):
    assert_alike(lambda torch: torch.nn.functional.linear(ones(torch, shape, first), ones(torch, (4, 3), second)))


@pytest.mark.parametrize("dtypes", OF_THREE)
def test_a_product_that_is_added_to_something(dtypes):
    assert_alike(lambda torch: torch.addmm(*map(ones, [torch] * 3, ((2, 2), (2, 3), (3, 2)), dtypes)))
