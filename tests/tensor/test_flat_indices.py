"""put, index_reduce and unravel_index: elements by their position among all, and slices reduced by an index."""

from __future__ import annotations

import pytest

from support.two_worlds import assert_alike

LINES = """
m.put(t.tensor([[0, 4]]), v)
m.put(t.tensor([0, 0]), v, accumulate=True)
t.put(m, t.tensor([-1]), v[:1])
m.t().put(t.tensor([1]), v[:1])
m.put(t.tensor([9]), v[:1])
m.put(t.tensor([-10]), v[:1])
m.put(t.tensor([1.0]), v[:1])
m.put(t.tensor([1], dtype=t.int32), v[:1])
m.put(t.tensor([1]), t.tensor([1]))
m.put(t.tensor([1, 2]), v[:1])
t.zeros(0).put(t.tensor([0]), v[:1])
t.tensor(1.0).put(t.tensor([0]), v[:1])
m.clone().t().put_(t.tensor([1]), v[:1])
m.clone().put_(t.tensor([1, 1]), v, True)
m.index_reduce(0, t.tensor([0, 2]), m[:2] + 3, 'mean')
m.index_reduce(0, t.tensor([0, 0]), m[:2] + 3, 'prod', include_self=False)
m.index_reduce(-1, t.tensor([1]), m[:, :1] * 9, 'amax')
m.clone().index_reduce_(0, t.tensor([2, 2]), m[:2] - 3, 'amin')
m.long().index_reduce(0, t.tensor([0, 0]), m[:2].long() + 3, 'mean')
t.tensor(2.0).index_reduce(0, t.tensor([0]), t.tensor(3.0), 'prod')
m.index_reduce(0, t.tensor([0]), m[:1], 'sum')
m.index_reduce(0, t.tensor([-1]), m[:1], 'mean')
m.index_reduce(0, t.tensor([3]), m[:1], 'mean')
m.index_reduce(0, t.tensor([0, 1]), m[:1], 'mean')
m.index_reduce(0, t.tensor([0]), m[:1, :2], 'mean')
m.index_reduce(0, t.tensor([[0]]), m[:1], 'mean')
m.index_reduce(0, t.tensor([0.0]), m[:1], 'mean')
m.index_reduce(0, t.tensor([0]), m[:1].double(), 'mean')
m.index_reduce(2, t.tensor([0]), m[:1], 'mean')
t.unravel_index(t.tensor([5, 7]), (3, 4))
t.unravel_index(t.tensor([[5, 70], [-1, 0]]), t.Size((3, 4)))
t.unravel_index(t.tensor(5), 4)
t.unravel_index(t.tensor([5]), ())
t.unravel_index(t.tensor([1.0]), (3, 4))
t.unravel_index(t.tensor([1]), (3, -4))
t.unravel_index(t.tensor([1]), [3.0, 4])
t.nonzero(m > 2, as_tuple=True)
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
@pytest.mark.filterwarnings("ignore:index_reduce")
def test_taken_or_refused_alike(line):
    def program(t):
        import warnings

        warnings.filterwarnings("ignore", "index_reduce")  # said once in a process
        result = eval(line, {"t": t, "m": t.arange(9.0).reshape(3, 3), "v": t.tensor([10.0, 20.0])})
        return result, [x.stride() for x in (result if isinstance(result, tuple) else [result])]

    assert_alike(program)


GRADIENTS = {
    "put": lambda t, x, s: x.put(t.tensor([0, 4, 5, 1, 2, 3]), s),
    "put, added": lambda t, x, s: x.put(t.tensor([0, 4, 0, 1, 2, 3]), s, accumulate=True),
    "put_": lambda t, x, s: (x * 1).put_(t.tensor([0, 4, 5, 1, 2, 3]), s),
    **{
        f"{reduce}, {with_self}": lambda t, x, s, how=(reduce, with_self): x.index_reduce(
            0, t.tensor([0, 2, 0]), s, how[0], include_self=how[1]
        )
        for reduce in ("prod", "mean", "amax", "amin")
        for with_self in (True, False)
    },
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    def program(t):
        import warnings

        warnings.filterwarnings("ignore", "index_reduce")
        x = t.tensor([[1.0, 5.0], [2.0, 3.0], [4.0, 2.0]], requires_grad=True)
        s = t.tensor([[2.0, 1.0], [3.0, 2.0], [0.5, 7.0]], requires_grad=True)
        y = GRADIENTS[name](t, x, s)
        (y * t.arange(6.0).reshape(3, 2)).sum().backward()
        return y, x.grad, s.grad

    assert_alike(program, rtol=1e-6)
