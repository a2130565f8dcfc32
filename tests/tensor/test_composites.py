"""One line of torch, run under both modules: the functions that are not rows, and what is refused."""

from __future__ import annotations

import pytest

from support.lines import I, V, X, assert_same_line
from support.parity import same

CALLS = f"""
torch.add({V}, {V}, alpha=2)
torch.add({V}, 1, alpha=0.5)
{V}.add(2, alpha=3)
torch.sub({V}, {V}, alpha=2)
{V}.clone().add_({V}, alpha=2)
{V}.clone().sub_(1, alpha=2)
{V}.clone().add_(torch.ones(2, 4))
torch.div({V}, 2, rounding_mode="floor")
torch.div({V}, -2, rounding_mode="trunc")
torch.div({I}, -2, rounding_mode="trunc")
torch.div({I}, -2, rounding_mode="floor")
torch.div({I}, 2)
torch.div({V}, 2, rounding_mode="up")
torch.addcmul({V}, {V}, {V}, value=2)
torch.addcdiv({V}, {V}, torch.ones(4), value=2)
torch.lerp({V}, torch.ones(4), 0.25)
torch.lerp({V}, torch.ones(4), torch.tensor([0., 1., 0.5, 2.]))
torch.clamp_min({V}, 0)
torch.clamp_max({V}, 0)
{V}.clamp(min=-1, max=1)
{V}.clamp(max=torch.zeros(4))
torch.clamp({V})
torch.matmul({X}, torch.ones(4))
torch.matmul(torch.ones(4), torch.ones(4))
torch.matmul(torch.ones(3), {X})
torch.matmul({X}, torch.ones(4, 2))
torch.matmul(torch.ones(2, 1, 3, 4), torch.ones(5, 4, 2))
torch.ones(2, 3, 4) @ torch.ones(4)
torch.matmul(torch.ones(4), torch.ones(2, 4, 3))
torch.addmm(torch.ones(2), torch.ones(3, 4), torch.ones(4, 2), beta=2, alpha=0.5)
torch.outer(torch.arange(3.), torch.arange(2.))
torch.sum({X}, 0)
torch.sum({X}, dim=(0, 1), keepdim=True)
torch.sum({I}, 1)
torch.sum({I}, dtype=torch.float32)
torch.sum({X}, axis=1)
torch.sum({X}, dim=1, keepdims=True)
torch.sum({X}, ())
torch.mean({X}, 1, True)
torch.mean({I}, dtype=torch.float64)
torch.mean({I})
torch.max({X})
torch.max({X}, 1)
torch.max({X}, 1).indices
torch.max({X}, 1, keepdim=True)[0]
torch.max({V}, torch.zeros(4))
torch.min({X})
torch.min({X}, dim=0)
torch.min({V}, torch.zeros(4))
torch.max(torch.empty(0))
torch.max(torch.empty(0, 3), 0)
torch.var({X})
torch.var({X}, False)
torch.var({X}, 1)
torch.var({X}, dim=1, unbiased=False)
torch.var({X}, dim=1, correction=0, keepdim=True)
torch.std({X}, 0)
{X}.std(unbiased=False)
torch.norm({V})
torch.norm({V}, 1)
torch.norm({V}, 3)
torch.norm({V}, float("inf"))
torch.norm({X}, dim=1)
torch.norm({V}, 0)
torch.argsort({V})
torch.argsort({V}, descending=True)
{X}.view(4, 3)
{X}.view(-1)
{X}.view((2, 6))
{X}.view(5, 3)
{X}.t().view(12)
{X}.view_as(torch.ones(4, 3))
{X}.reshape_as(torch.ones(4, 3))
torch.ones(1, 3).expand_as(torch.ones(2, 3))
torch.ravel({X})
torch.swapaxes({X}, 0, 1)
torch.movedim(torch.ones(2, 3, 4), 0, 2)
torch.movedim(torch.ones(2, 3, 4), 0, -1)
torch.unbind({X})
torch.unbind({X}, 1)
torch.split(torch.arange(10.).requires_grad_(), 3)
torch.split(torch.arange(10.), [2, 3, 5])
torch.split(torch.arange(10.), [2, 3])
torch.split(torch.arange(10.), -1)
torch.split(torch.ones(0), 3)
torch.split({X}, 2, dim=1)
torch.chunk(torch.arange(10.), 4)
torch.chunk(torch.arange(10.), 0)
torch.where({V} > 0, {V}, 0.)
torch.where({V} > 0)
torch.where({V} > 0, 1, 0)
torch.where({V} > 0, {V}, torch.zeros(4, dtype=torch.float64))
{V}.where({V} > 0, torch.ones(4))
torch.nonzero({I} > 1)
torch.nonzero({I} > 1, as_tuple=True)
torch.nonzero(torch.tensor(1.))
torch.allclose({V}, {V} + 1e-9)
torch.allclose({V}, {V} + 1)
torch.isclose({V}, {V} + 1e-9)
torch.equal({V}, {V})
torch.equal({V}, torch.ones(3))
torch.numel({X})
torch.is_tensor({X})
torch.is_tensor(1)
torch.is_floating_point({I})
torch.result_type({I}, 1.0)
torch.result_type({I}, torch.tensor(1.0))
torch.result_type(torch.ones(2), torch.tensor(1.0, dtype=torch.float64))
{V}.to(torch.float64)
{V}.to("cpu")
{V}.to({I})
{X}.double()
{V}.long()
{V}.int()
{V}.bool()
{V}.half()
{I}.float()
{V}.type()
{I}.type(torch.float32)
{I}.type_as({V})
{X}.cpu()
{X}.t().contiguous()
torch.zeros(3).copy_({V}[:3])
torch.zeros(2, 4).copy_({V})
torch.zeros(3).copy_({V})
torch.zeros(3).fill_(2)
torch.ones(3).zero_()
torch.ones(3, dtype=torch.int64).zero_()
{X}[1]
{X}[1, 2]
{X}[-1]
{X}[:, 1:3]
{X}[..., 0]
{X}[None]
{X}[[0, 2]]
{X}[torch.tensor([0, 2])]
{X}[torch.tensor([0, 2]), torch.tensor([1, 1])]
{X}[{X} > 4]
{X}[:, torch.tensor([0, 3])]
{X}[::2]
{X}[torch.tensor(1)]
{X}[3]
{X}[0, 4]
{X}[0, 0, 0]
{X}[::-1]
torch.tensor(1.)[0]
{X}.T
{X}.mT
{X}.size()
{X}.size(1)
{X}.size(2)
{X}.dim()
len({X})
len(torch.tensor(1.))
{V}.tolist()
{V}.item()
torch.tensor([2.]).item()
bool({V})
bool(torch.tensor([0.]))
int(torch.tensor(2.7))
float(torch.tensor(2))
1 - {V}
2 ** {V}
2 / {V}
-{V}
abs({V})
~({V} > 0)
({V} > 0) & ({V} < 2)
{I} // 2
{I} % 2
{I} ** 2
{V} == 0
{V} != torch.zeros(4)
{V} == None
{V} @ {V}
torch.softmax({X}, dim=1)
torch.log_softmax({X}, -1)
torch.cat([{X}, {X}], 1)
torch.cat(({V}, {V}))
torch.stack([{V}, {V}], dim=1)
torch.cat([])
torch.stack([])
torch.cat([{V}, {X}])
torch.cat([torch.ones(2, 3), torch.ones(2, 4)])
torch.stack([torch.ones(2), torch.ones(3)])
torch.squeeze(torch.ones(1, 3, 1))
torch.squeeze(torch.ones(1, 3, 1), 0)
torch.unsqueeze({V}, 1)
torch.ones(2, 3).permute(1, 0)
torch.ones(2, 3).permute(0, 0)
torch.ones(2, 3).permute(0)
torch.ones(2, 3).permute(0, 2)
torch.ones(2, 3).transpose(0, 2)
torch.ones(2, 3).repeat(2, 1)
torch.ones(2, 3).repeat(2)
torch.ones(2, 3).expand(2, 2, 3)
torch.ones(1, 3).expand(2, -1)
torch.ones(1, 3).expand(-1, 1, 3)
torch.ones(3).__setitem__(slice(0, 2), torch.ones(3))
torch.ones(3).__setitem__(torch.tensor([0, 1]), torch.ones(3))
torch.ones(3).__setitem__(slice(0, 2), torch.ones(2, 2))
torch.ones(3).__setitem__(0, torch.ones(3))
torch.ones(3).__setitem__(5, 1.)
torch.ones(3).__setitem__(torch.tensor([0, 5]), 1.)
torch.ones(3)[torch.tensor([True])]
torch.ones(3)[torch.tensor([1.0])]
torch.ones(3)[1.0]
torch.arange(24.).reshape(2, 3, 4)[0, :, torch.tensor([0, 1])]
torch.arange(24.).reshape(2, 3, 4)[:, None, torch.tensor([0, 1])]
torch.arange(24.).reshape(2, 3, 4)[torch.tensor([0, 1]), :, torch.tensor([0, 1])]
torch.arange(24.).reshape(2, 3, 4)[..., torch.tensor([0, 1]), 2]
torch.arange(24.).reshape(2, 3, 4)[1, ..., torch.tensor([True, False, False, True])]
torch.arange(24.).reshape(2, 3, 4)[1, 1:, torch.tensor([[0, 1], [2, 3]])]
torch.arange(24.).reshape(2, 3, 4).requires_grad_()[1, 1:, torch.tensor([[0, 1], [2, 3]])].sum()
torch.ones(1, 2, 3).bmm(torch.ones(2, 3, 2))
torch.ones(2, 2, 3) @ torch.ones(2, 4, 2)
torch.clamp(torch.ones(2), torch.ones(3))
torch.atan2(torch.ones(2), 1.)
torch.logical_and(torch.ones(2), True)
torch.where(torch.tensor([True, False]), torch.ones(3), 0)
-torch.tensor([True])
torch.tensor([True]) - torch.tensor([True])
torch.ones(2) - True
torch.tensor([2]) ** -1
torch.tensor([2, -1, 1]) ** torch.tensor([-1, -3, -1])
torch.tensor([1]) // 0
torch.tensor([1]) % 0
torch.ones(1) // 0
torch.sqrt(2.)
torch.relu(torch.tensor([True]))
torch.softmax(torch.tensor([1, 2]), 0)
torch.argmax(torch.tensor([True]))
torch.topk(torch.tensor([True]), 1)
torch.ones(2, 3).expand(2, 4)
torch.ones(2, 3).expand(3)
torch.ones(2, 3).flatten(1, 0)
torch.ones(2, 3).reshape(4)
torch.ones(2, 3).reshape(-1, -1)
torch.ones(2, 3).reshape(-1, 4)
torch.ones(2, 3).sum(2)
torch.ones(2, 3).sum((0, 0))
torch.ones(2, 3).mean((0, -2))
torch.ones(2, 3).softmax(2)
torch.ones(2, 3).cumsum(-3)
torch.ones(2, 3).argmax(3)
torch.ones(2, 3).amax((0, 0))
torch.amax(torch.ones(0, 3), 0)
torch.argmax(torch.ones(0))
torch.ones(2, 3).unsqueeze(4)
torch.ones(2, 3).squeeze(2)
torch.ones(2, 3).select(0, 2)
torch.ones(2, 3).select(2, 0)
torch.ones(2, 3).narrow(0, 1, 2)
torch.ones(2, 3).narrow(0, 3, 1)
torch.ones(2, 3).narrow(0, 0, -1)
torch.tensor(1.).select(0, 0)
torch.ones(2, 3, 4).t()
torch.ones(2, 3).flip(0, 0)
torch.ones(2, 3).topk(4)
torch.ones(2, 3).mm(torch.ones(2, 3))
torch.ones(2, 3).mm(torch.ones(3))
torch.ones(2).mm(torch.ones(2, 3))
torch.ones(2, 3) @ torch.ones(2, 3)
torch.ones(2, 3) @ torch.ones(2)
torch.ones(3) @ torch.ones(2)
torch.ones(2, 3) @ torch.tensor(1.)
torch.ones(2, 3, 4) @ torch.ones(3, 4, 2)
torch.ones(2, 3, 4).bmm(torch.ones(2, 3, 4))
torch.ones(2, 3).bmm(torch.ones(2, 3, 4))
torch.ones(2, 3).mv(torch.ones(2))
torch.ones(3).mv(torch.ones(2))
torch.ones(2).dot(torch.ones(3))
torch.ones(2, 2).dot(torch.ones(2))
torch.ones(2, 3).mm(torch.ones(3, 2, dtype=torch.float64))
torch.ones(2, 3) + torch.ones(2)
torch.ones(2) * torch.ones(3)
torch.ones(2).add_(torch.ones(3))
torch.ones(2).add_(torch.ones(2, 2))
torch.ones(2, dtype=torch.int64).add_(1.5)
torch.ones(2, dtype=torch.int64).mul_(torch.ones(2))
torch.ones(2).gather(0, torch.tensor([2]))
torch.ones(2).gather(0, torch.tensor([[0]]))
torch.ones(2).gather(0, torch.tensor([0.]))
torch.ones(2, 2).gather(1, torch.tensor([[0], [0], [0]]))
torch.ones(2).index_select(0, torch.tensor([3]))
torch.ones(2).index_select(0, torch.tensor([[0]]))
torch.ones(2).masked_fill(torch.tensor([1, 0]), 0)
torch.ones(2).masked_fill(torch.tensor([True, False, True]), 0)
torch.ones(2).where(torch.tensor([1, 0]), torch.zeros(2))
torch.nn.functional.mse_loss(torch.ones(2), torch.ones(2), reduction="all")
torch.nn.functional.nll_loss(torch.ones(2, 3), torch.tensor([0, 3]))
torch.nn.functional.nll_loss(torch.ones(2, 3), torch.tensor([0]))
torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 2))
torch.ones(2, requires_grad=True).add_(1)
torch.ones(2, requires_grad=True).numpy()
torch.ones(2, dtype=torch.int64, requires_grad=True)
"""


@pytest.mark.parametrize("line", CALLS.strip().splitlines())
def test_the_same_line_under_both_modules(line: str) -> None:
    assert_same_line(line)


ROUNDED_QUOTIENTS = [
    lambda torch: torch.div(torch.tensor([16777217, -7]), torch.tensor([1, 2]), rounding_mode="trunc"),
    lambda torch: torch.div(torch.tensor([-7, 7]), 2, rounding_mode="floor"),
    lambda torch: torch.div(torch.tensor([-7.5, 7.5], requires_grad=True), 2, rounding_mode="floor"),
    lambda torch: torch.div(torch.tensor([-7.5, 7.5], requires_grad=True), 2, rounding_mode="trunc"),
    lambda torch: torch.div(torch.tensor([1.0]), 2, rounding_mode="up"),
]


@pytest.mark.parametrize("program", ROUNDED_QUOTIENTS, ids=range(len(ROUNDED_QUOTIENTS)))
def test_rounded_quotients(program) -> None:
    """Whole numbers do not go through floats, and the rounded quotient has the gradient 0, not none."""
    same(program)


@pytest.mark.parametrize("shape", [(3, 2), (3,), (0, 2), (2, 0), (2, 3, 1)])
@pytest.mark.parametrize("source", ["x", "x * 2", "(x * 2)[:]", "x.detach()"])
def test_iteration_gives_the_views_of_unbind(shape, source):
    def program(torch):
        x = torch.ones(shape, requires_grad=True)
        y = eval(source, {"x": x})
        rows = list(y)
        seen = [rows, [row._is_view() for row in rows], [row.grad_fn and row.grad_fn.name() for row in rows]]
        with torch.no_grad():
            seen.append(list(y))
        try:
            for row in y:
                row += 1
            seen.append(y)
        except RuntimeError as error:
            seen.append(str(error))
        return seen

    same(program)
