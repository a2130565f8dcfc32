"""The forms in which a function may be called: torch and the package take the same ones, and refuse all others."""

from __future__ import annotations

import warnings

import pytest

from support.two_worlds import assert_alike

CALLS = """
t.add(v, 2, 3)
t.add(v, 2, w)
t.add(v, s, w)
v.add(s, 3)
v.sub(2, w)
v.clone().add_(2, w)
v.clone().sub_(2, 3)
t.add(v, w, 2)
t.add(v, 'a', w)
t.add(v, 2, w, alpha=2)
t.add(v, 2, w, w)
t.add(v, w, alpha=s)
t.add(v, w, alpha=w)
t.add(v, w, alpha='a')
t.add(v, w, alpha=None)
t.sub(v, True, w)
t.sub(v, True, alpha=0)
t.sub(v > 0, v, alpha=2)
t.rsub(v, 2, 3)
t.rsub(v, s, 2)
t.rsub(v, 2, w)
t.rsub(v, w, 2)
t.clamp(v, 1, s)
t.clamp(v, s, 2)
t.clamp(v, 1, w)
t.clamp(v, w, 1)
t.arange(3).clamp(1, s)
v.clone().clamp_(s, 4)
t.max(v, other=w)
t.max(v, w, True)
t.max(v, w, keepdim=True)
t.max(v, 0, other=w)
t.max(v, None)
t.min(v, keepdim=True)
v.min(0, None)
v.min(0, True)
v.std(0, 1)
v.std(0, unbiased=1)
v.std(0, w)
v.std(True, True)
v.std(0, True, False, correction=1)
v.var(0, False, correction=1)
v.var(0, correction=0)
v.var(False)
v.var(1.5)
v.prod(dtype=t.int64)
v.prod(0, dtype=t.int32)
v.prod(0, t.float64)
v.prod(None)
v.prod(keepdim=True)
v.prod(axis=0, dtype=t.float64)
v.cumsum(0, dtype=t.float64)
v.cumsum(0, t.float64)
v.cumprod(dim=0, dtype=t.int32)
v.cumprod(0, dtype='a')
v.softmax(0, t.float64)
t.softmax(v, 0, None)
t.softmax(i, 0, dtype=t.float32)
t.softmax(input=v, dim=0, dtype=t.float64)
v.log_softmax(0, dtype=t.float64)
v.softmax(0, 'a')
v.softmax(0, dtype=1.5)
v.softmax(0, t.float64, 1)
v.sum(dtype='a')
v.sum(dtype=float)
v.mean(0, dtype=t.float64)
v.logsumexp(None)
t.lerp(v, 1, w)
t.lerp(v, w, 1)
v.lerp_(1.0, 0.5)
v.masked_fill(1, 1)
v.masked_fill([True], 1)
v.masked_fill(v > 1, True)
t.masked_fill(1, v > 1, 1)
v.tile(2)
v.tile(2, 1)
v.tile(dims=(2,))
v.tile(1, True)
v.tile(True)
v.tile(w)
v.tile((2,), 3)
t.tile(v, 2)
t.tile(v, [2.0])
v.broadcast_to(2, 6)
v.broadcast_to(size=(2, 6))
v.broadcast_to(w)
v.broadcast_to([2.0, 6])
t.broadcast_to(v, 6)
t.broadcast_shapes(i, (2, 4))
t.broadcast_shapes(1.5)
v.tensor_split(i)
v.tensor_split(t.tensor(2))
v.tensor_split(i.int())
v.tensor_split(v)
v.tensor_split(i.reshape(1, 2))
v.tensor_split(sections=2)
v.tensor_split(indices=(2,))
v.tensor_split(tensor_indices_or_sections=i)
v.tensor_split(True)
v.tensor_split([1.5])
v.tensor_split('a')
v.tensor_split(None)
v.split(t.tensor(2))
v.split(i)
v.split(True)
v.split(2.5)
v.split([2.5, 3.5])
v.split([True, 5])
v.split(2, 'a')
t.zeros(0).split([])
s.split_with_sizes([1])
v.chunk(2.0)
s.chunk(2.0)
v.unflatten(0, (2, 3))
v.unflatten(0, 6)
v.unflatten(0, (2.0, 3.0))
v.movedim(0, (0,))
v.squeeze(None)
v.reshape(1, 1, 6).squeeze(0, 1)
v.reshape(1, 1, 6).squeeze(0, True)
t.squeeze(v.reshape(1, 1, 6), 0, 1)
v.reshape(-1, True)
v.reshape(True, 6)
v.reshape(2, 3).permute(0, True)
v.flip(True)
v.roll([0.5])
v.view([2.0, 3.0])
t.where(s)
t.where(v, None)
t.where(v > 1, v)
t.where([True], v, v)
v.where(1, v)
v.where(v > 1, 0)
t.where(None)
t.result_type(v, [1])
t.result_type('a', v)
t.allclose(v, 1)
t.allclose(v, v, 'a')
t.detach(1)
t.detach_(1)
t.zero_(1)
t.fill_(1, 2)
t.is_inference(1)
v.fill_('a')
v.fill_(None)
v.fill_([1])
v.reshape_as(1)
v.expand_as(1)
v.type_as(1)
t.as_tensor(v, t.float64)
t.normal(v, None)
t.normal([v], v)
t.normal(v, v, None)
t.normal('a', v)
t.bernoulli(p, None)
t.bernoulli(p, p)
t.bernoulli(p, s / 2)
p.multinomial(1, 1)
p.multinomial(True)
p.multinomial(0, 'a')
t.randint_like(v, t.tensor(5))
t.randint_like(v, i)
t.randint_like(v, True)
t.randint_like(v, 1.5)
t.randperm(True)
t.eye(True)
t.linspace(v, v, v)
t.linspace(0, 1, 2.5)
t.bitwise_and(v, t.ones(4))
t.bitwise_and(v, 0.5)
t.softmax(i, 3)
t.tensor([1.5, float("nan")]) & 1
+(v > 1)
+v
~v
~i
reversed(v.reshape(2, 3))
reversed(s)
list(reversed(v))
v.masked_fill_(v > 9, 1)[v > 2].shape
v.clone().__setitem__(v > 2, t.ones(2, 1))
v.clone().__setitem__((v > 2, ...), t.ones(2, 1))
t.mm(v > 1, v > 1)
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_taken_or_refused_alike(call):
    def program(t):
        v = t.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        names = {"t": t, "v": v, "w": v.flip(0), "s": t.tensor(1.5), "i": t.tensor([2, 4]), "p": v / 8}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a form that is deprecated is warned of once in a process
            return eval(call, names)

    assert_alike(program, rtol=1e-6, words=0)


ELEMENTS = ["v.tile([2.0])", "v.split([2, 2.5])", "v.unflatten(0, (2, 'a'))", "v.broadcast_to((2, None))"]


@pytest.mark.parametrize("call", ELEMENTS)
def test_the_text_says_which_element_is_no_integer(call):
    def program(t):
        try:
            return eval(call, {"v": t.ones(6)})
        except TypeError as error:
            return str(error).replace(" (position 3)", "").replace(" (position 2)", "").replace(" (position 1)", "")

    assert " pos " in assert_alike(program)


def test_alpha_before_the_other_operand_is_warned_of_once(monkeypatch):
    import tinygrad_mlp
    from tinygrad_mlp import messages

    monkeypatch.setattr(messages, "_said", set())
    x = tinygrad_mlp.ones(2)
    with pytest.warns(UserWarning, match="This overload of add is deprecated") as caught:
        assert x.add(2, x).tolist() == x.add(2, x).tolist() == [3.0, 3.0]
    assert len(caught) == 1


@pytest.mark.parametrize("dtype", ["float16", "int32", "int64", "float64"])
@pytest.mark.parametrize("name", ["prod", "cumsum", "cumprod", "softmax", "log_softmax"])
def test_the_result_has_the_dtype_that_is_given(name, dtype):
    def program(t):
        x = t.tensor([[1.5, 2.0], [3.0, 0.5]], requires_grad="float" in dtype)
        result = getattr(t, name)(x, 1, dtype=getattr(t, dtype))
        if result.requires_grad:
            result.double().square().sum().backward()
        return result.detach(), x.grad

    assert_alike(program, rtol=2e-3, words=0)
