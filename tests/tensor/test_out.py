"""The argument `out`: what is written into the tensor, and what is refused, as in torch."""

import pytest

from support.parity import same
from support.two_worlds import assert_alike, refusal


def written(call, *sizes, **options):
    """A program that calls a function with `out`, a new tensor of some size; it gives back that tensor."""

    def program(torch):
        out = torch.empty(*sizes, **{name: getattr(torch, value) for name, value in options.items()})
        result = call(torch, out)
        return result is out, out, out._version

    return program


X = [[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]
CALLS = {
    "exp": (lambda torch, out: torch.exp(torch.tensor(X), out=out), (2, 3)),
    "mul": (lambda torch, out: torch.mul(torch.tensor(X), torch.tensor([1.0, 2.0, 3.0]), out=out), (2, 3)),
    "mul by a number": (lambda torch, out: torch.mul(torch.tensor(X), 2, out=out), (2, 3)),
    "lerp": (lambda torch, out: torch.lerp(torch.tensor(X), torch.ones(3), 0.5, out=out), (2, 3)),
    "softmax": (lambda torch, out: torch.softmax(torch.tensor(X), 1, out=out), (2, 3)),
    "softmax by keywords": (lambda torch, out: torch.softmax(input=torch.tensor(X), dim=0, out=out), (2, 3)),
    "mean": (lambda torch, out: torch.mean(torch.tensor(X), 0, out=out), (3,)),
    "mean with NumPy's name": (lambda torch, out: torch.mean(torch.tensor(X), axis=0, out=out), (3,)),
    "mm": (lambda torch, out: torch.mm(torch.tensor(X), torch.ones(3, 2), out=out), (2, 2)),
    "cat": (lambda torch, out: torch.cat([torch.tensor(X), torch.ones(1, 3)], out=out), (3, 3)),
    "stack": (lambda torch, out: torch.stack([torch.tensor(X), torch.ones(2, 3)], 1, out=out), (2, 2, 3)),
    "gather": (lambda torch, out: torch.gather(torch.tensor(X), 1, torch.tensor([[2], [0]]), out=out), (2, 1)),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_result_is_written_into_the_tensor(name):
    call, size = CALLS[name]
    assert_alike(written(call, *size), rtol=1e-6)
    assert_alike(written(call, 0), rtol=1e-6)


@pytest.mark.parametrize("name", sorted(CALLS.keys() - {"cat", "stack"}))  # torch refuses theirs by a TypeError
@pytest.mark.parametrize("dtype", ["float64", "float16", "int64", "bool"])
def test_other_dtypes(name, dtype):
    call, size = CALLS[name]
    assert_alike(written(call, *size, dtype=dtype), rtol=2e-3, words=0)


def test_a_tensor_of_another_shape_is_resized_with_a_warning():
    same(written(lambda torch, out: torch.exp(torch.zeros(3), out=out), 2, 2))


def test_a_transposed_tensor_keeps_its_strides():
    def program(torch):
        out = torch.empty(3, 2).t()
        torch.exp(torch.tensor(X), out=out)
        return out, out.stride()

    assert_alike(program, rtol=1e-6)


def test_a_part_of_a_tensor_is_written():
    def program(torch):
        base = torch.zeros(4)
        torch.exp(torch.zeros(2), out=base[1:3])
        return base, base._version

    assert_alike(program)


def test_several_results():
    def program(torch):
        outs = torch.empty(2, 3), torch.empty(2, 3, dtype=torch.int64)
        result = torch.sort(torch.tensor(X), out=outs)
        return type(result).__name__, repr(result), [a is b for a, b in zip(result, outs, strict=True)], list(outs)

    assert_alike(program)


REFUSED = {
    "a number": lambda torch: torch.exp(torch.zeros(3), out=1),
    "a tuple": lambda torch: torch.exp(torch.zeros(3), out=(torch.zeros(3),)),
    "integers": lambda torch: torch.exp(torch.zeros(3), out=torch.zeros(3, dtype=torch.int64)),
    "another floating dtype": lambda torch: torch.mm(
        torch.ones(2, 2), torch.ones(2, 2), out=torch.ones(2, 2, dtype=torch.float64)
    ),
    "a leaf": lambda torch: torch.exp(torch.zeros(3), out=torch.zeros(3, requires_grad=True)),
    "an argument that requires grad": lambda torch: torch.exp(torch.zeros(3, requires_grad=True), out=torch.zeros(3)),
    "one in a list": lambda torch: torch.cat([torch.zeros(3, requires_grad=True)], out=torch.zeros(3)),
    "an expanded tensor": lambda torch: torch.exp(torch.zeros(3), out=torch.zeros(1).expand(3)),
    "memory of an argument": lambda torch: torch.exp((x := torch.arange(6.0))[:3], out=x[1:4]),
    "an index that is floating": lambda torch: torch.sort(torch.zeros(3), out=(torch.zeros(3), torch.zeros(3))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    refusal(REFUSED[name], words=6)


def test_methods_do_not_take_it():
    refusal(lambda torch: torch.zeros(3).exp(out=torch.zeros(3)), words=0)


def test_without_a_tape_an_argument_may_require_grad():
    def program(torch):
        out = torch.empty(3)
        with torch.no_grad():
            return torch.exp(torch.zeros(3, requires_grad=True), out=out), out.requires_grad

    assert_alike(program)


def test_nothing_is_written_where_one_of_several_is_refused():
    def program(torch):
        values = torch.zeros(3)
        try:
            torch.sort(torch.tensor([3.0, 1.0, 2.0]), out=(values, torch.zeros(3)))
        except RuntimeError:
            return values

    assert_alike(program)


def test_a_compiled_step_writes_it_at_every_call():
    import tinygrad_mlp as torch

    out = torch.zeros(3)
    step = torch.compile(lambda x: torch.exp(x, out=out).sum())
    for k in range(4):
        assert step(torch.full((3,), float(k))).item() == pytest.approx(3 * 2.718281828459045**k, rel=1e-6)
        assert out.tolist() == pytest.approx([2.718281828459045**k] * 3, rel=1e-6)
