"""bfloat16, by the NumPy dtype of the package ml_dtypes: results, gradients and texts are torch's.

Torch rounds in some places between two steps where this package rounds once; so floats may differ by two units in the
last of bfloat16's eight digits, relative to the largest of their array.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest
import torch

import tinygrad_mlp
from support import ROOT
from support.two_worlds import assert_alike

EPS = 2.0**-7
EXACT = """
x; x + y; x - y; x * y; x / y; x + 1; x * 2.5; 3 * x; 1 / x; x**2; x**0.5; -x; x + f; x + h; x * i
x + torch.tensor(2.0); x + torch.tensor(2.0, dtype=torch.float64); torch.add(x, y, alpha=0.3); x.exp(); x.tanh()
x.sigmoid(); x.relu(); x.sum(); m.sum(0); m.mean(); m.mean(1); m.var(); m.std(0); m.max(); m.max(1); m.min(0)
m.argmax(); m.sort(1); m.topk(2); m.prod(1); m.cumsum(1); m.norm(); m.softmax(1); m.log_softmax(1); m @ m.T; m.mm(m.T)
m.T.matmul(x[:3]); x @ y; F.linear(m, m); torch.addmm(torch.ones(3, 3).bfloat16(), m, m.T); F.l1_loss(x, y)
F.smooth_l1_loss(x, y); F.huber_loss(x, y); F.binary_cross_entropy_with_logits(x, y.sigmoid())
F.binary_cross_entropy(x.sigmoid(), y.sigmoid()); F.layer_norm(m, (4,)); x == y; x < y; x.eq(1); x.isnan(); x > 1
torch.where(x > 0, x, y); torch.maximum(x, y); x.clamp(-1, 1); x.clamp(min=y); x.masked_fill(x > 0, 5)
torch.cat([x, y]); torch.cat([x, f]); torch.stack([x, y]); x.view(2, 2).T; x.flip(0); x[1]; x[1:3]; x[i]; m[1, 2]
m[:, 1]; x.gather(0, i); x.index_select(0, i); x.float(); x.half(); x.long(); x.double(); x.bool()
x.to(torch.bfloat16) is x; f.to(torch.bfloat16); f.bfloat16(); h.bfloat16(); i.bfloat16(); x.type(); x.dtype
x.tolist(); str(x); repr(m); str(x.sum()); str(torch.tensor([1e10, 1.0]).bfloat16()); str(torch.tensor([]).bfloat16())
x.is_floating_point(); torch.zeros(2, dtype=torch.bfloat16); torch.full((2,), 1.1, dtype=torch.bfloat16)
torch.tensor([1.1, 2], dtype=torch.bfloat16); torch.eye(2, dtype=torch.bfloat16)
torch.arange(5, dtype=torch.bfloat16); torch.linspace(0, 1, 5, dtype=torch.bfloat16)
torch.rand(4, dtype=torch.bfloat16); torch.randn(3, dtype=torch.bfloat16); torch.randn(20, dtype=torch.bfloat16)
torch.rand_like(x); x.new_zeros(2); x.new_tensor([1.5]); x.clone(); x.detach()
torch.empty(3, dtype=torch.bfloat16).uniform_(); torch.zeros(3, dtype=torch.bfloat16).bernoulli_(0.5); x.add_(1)
x.mul_(2.5); torch.empty(30, dtype=torch.bfloat16).uniform_(-2, 5)
torch.empty(3, dtype=torch.bfloat16).uniform_(0, 1e39); torch.randint(0, 200, (4,), dtype=torch.bfloat16)
torch.randperm(257, dtype=torch.bfloat16).sum(); torch.randperm(258, dtype=torch.bfloat16)
torch.empty(3, dtype=torch.bfloat16).exponential_(); x.zero_(); x.fill_(1.3)
torch.empty(9, dtype=torch.bfloat16).random_(); x.copy_(f); f.copy_(x); x.add_(f); f.add_(x); x.exp_()
x.sub_(y, alpha=2); torch.result_type(x, f); torch.result_type(x, 1); torch.result_type(x, h); torch.result_type(i, x)
x.numpy(); torch.isclose(x, y); torch.allclose(x, x); torch.equal(x, x); x.round(); x.floor(); x.sign(); x.pow(3)
torch.pow(2, x); x % 2; x // 2; x.fmod(2); torch.atan2(x, y); x.lerp(y, 0.3); torch.addcmul(x, x, y)
torch.addcdiv(x, x, y, value=0.5); torch.outer(x, y); x.dot(y); torch.bmm(m[None], m.T[None]); x.any(); x.all()
x.nonzero(); x.cumprod(0); x.expand(2, 4); F.dropout(x, 0.5, True); x.repeat(2); m.tril(); m.diag(); x.type_as(f)
f.type_as(x); x.int(); x.erf(); x.log1p(); x.expm1(); x.reciprocal(); x.square(); x.trunc(); x.frac(); x.logical_not()
x.bitwise_not(); x & x; ~x; F.gelu(x); F.silu(x); F.elu(x); F.hardswish(x); F.logsigmoid(x); F.mish(x); F.selu(x)
F.glu(x); x.amax(); x.sum(dtype=torch.float32); f.sum(dtype=torch.bfloat16); f.softmax(0, dtype=torch.bfloat16)
float(x[1]); int(x[1]); bool(x[1]); len(x); 2.5 in x; x.view(torch.int16); f.view(torch.bfloat16); m.mm(m.T.float())
m.mm(f.view(2, 2).bfloat16()); x.dot(f); F.softplus(x); torch.tensor([1.5], dtype=torch.bfloat16, requires_grad=True)
x.new([1.5]); torch.BFloat16Tensor([1, 2]); x.storage()[1]; isinstance(x, torch.BFloat16Tensor)
x.apply_(lambda v: v + 1); x.unsqueeze(0).squeeze(); x.element_size(); x.nbytes
torch.testing.make_tensor(5, dtype=torch.bfloat16, device="cpu"); torch.testing.assert_close(x, x + 0.01)
torch.testing.assert_close(x, x + 1); torch.zeros(2, dtype=torch.float32).copy_(x[:2]); x.contiguous() is x
F.mse_loss(x, y); m.logsumexp(1); F.cross_entropy(m, torch.tensor([1, 2, 3])); F.normalize(m); F.kl_div(x, y)
"""


def cases(text):
    return [case.strip() for case in text.replace("\n", "; ").split("; ") if case.strip()]


def readable(x):
    """A result with float32 in the place of bfloat16, of which NumPy's tests know nothing, and its dtype beside it."""
    if isinstance(x, (torch.Tensor, tinygrad_mlp.Tensor)):
        return [str(x.dtype), x.detach().float() if "bfloat16" in str(x.dtype) else x]
    return [readable(part) for part in x] if isinstance(x, (list, tuple)) else x


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("case", cases(EXACT))
def test_it_gives_what_torch_gives(case):
    def program(torch):
        given = torch.tensor([1.0, 2.5, -3.3, 0.1]).bfloat16(), torch.tensor([2.0, 0.3, 1.7, -4.0]).bfloat16()
        f = torch.tensor([1.5, 2.5, 3.5, 4.5])
        names = {
            "torch": torch, "F": torch.nn.functional, "x": given[0], "y": given[1], "f": f, "h": f.half(),
            "i": torch.arange(4), "m": (torch.arange(12.0) / 7 - 0.5).reshape(3, 4).bfloat16(),
        }  # fmt: skip
        return readable(eval(case, names))

    assert_alike(program, rtol=EPS, words=5)


def a_network_is_trained(torch):
    layers = torch.nn.Linear(4, 8), torch.nn.LayerNorm(8), torch.nn.Tanh(), torch.nn.Linear(8, 3)
    model = torch.nn.Sequential(*layers).bfloat16()
    x, y = torch.randn(16, 4).to(torch.bfloat16), torch.randint(0, 3, (16,))
    losses = []
    for optimizer in (torch.optim.Adam(model.parameters(), lr=0.1), torch.optim.SGD(model.parameters(), 0.1, 0.9)):
        for _ in range(3):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
    return losses, [(str(p.dtype), str(p.grad.dtype)) for p in model.parameters()]


def gradients_of_gradients(torch):
    x = torch.tensor([1.0, 2.5, -3.3, 0.1], dtype=torch.bfloat16, requires_grad=True)
    y = (x**3).sum()
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    return y, first, torch.autograd.grad(first.sum(), x)


def gradients_meet_in_their_own_dtypes(torch):
    x, f = torch.tensor([1.0, 2.5], dtype=torch.bfloat16, requires_grad=True), torch.ones(2, requires_grad=True)
    (x * f).sum().backward()
    f.bfloat16().sum().backward()
    x[torch.tensor([0, 0, 1])].sum().backward()
    (x * 2).relu().max().backward()
    return x.grad, f.grad


def a_batch_is_normalised(torch):
    layer, x = torch.nn.BatchNorm1d(3).bfloat16(), torch.arange(12.0).reshape(4, 3).bfloat16().requires_grad_()
    y = layer(x)
    (y * y * torch.arange(12.0).reshape(4, 3).bfloat16()).sum().backward()
    return y, layer.running_mean, layer.running_var, x.grad


def copies(torch):
    x = torch.tensor([1.0, 2.5], dtype=torch.bfloat16, requires_grad=True)
    return str(copy.deepcopy(x)), str(pickle.loads(pickle.dumps(x))), str(torch.nn.Parameter(x.detach()))


def it_is_the_default(torch):
    torch.set_default_dtype(torch.bfloat16)
    try:
        layer, x = torch.nn.Linear(2, 2), torch.ones(3, 2)
        return layer(x), str(x), str(torch.ones(2).double()), torch.tensor([1.5]), torch.tensor(3) / 2
    finally:
        torch.set_default_dtype(torch.float32)


def functions_of_functions(torch):
    x = torch.tensor([1.0, 2.5], dtype=torch.bfloat16)
    return torch.func.grad(lambda x: (x * x).sum())(x), torch.func.jacrev(torch.sin)(x)


def long_sums_keep_their_digits(torch):
    x = torch.ones(1000).bfloat16()
    sums = (
        x.sum(),
        x.sum(0),
        x.sum(dtype=torch.bfloat16),
        x.float().sum(dtype=torch.bfloat16),
        (x * 0.1).sum(),
        x.mean(),
    )
    products = x @ x, x.view(1, -1) @ x.view(-1, 1), torch.nn.functional.linear(x, x[None]), x.cumsum(0)[-1]
    bias = torch.zeros(3, dtype=torch.bfloat16, requires_grad=True)
    (torch.ones(1000, 3).bfloat16() + bias).sum().backward()
    return sums, products, bias.grad, x.norm(), x.view(25, 40).sum((0, 1), keepdim=True)


PROGRAMS = [
    long_sums_keep_their_digits,
    a_network_is_trained, gradients_of_gradients, gradients_meet_in_their_own_dtypes, a_batch_is_normalised, copies,
    it_is_the_default, functions_of_functions,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_programs(program):
    assert_alike(lambda torch: readable(program(torch)), rtol=2 * EPS)


def test_the_name_is_there_without_the_package_and_arrays_say_what_they_need():
    program = (
        "import sys; sys.modules['ml_dtypes'] = None\n"
        "import tinygrad_mlp as torch; print(torch.bfloat16, torch.promote_types(torch.bfloat16, torch.float16))\n"
        "try: torch.ones(2).to(torch.bfloat16)\nexcept ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    needed = "torch.bfloat16 needs the package ml_dtypes: pip install 'tinygrad_mlp[bfloat16]'"
    assert done.stdout == f"torch.bfloat16 torch.float32\n{needed}\n"


def test_the_package_is_not_imported_before_an_array_is_made():
    program = (
        "import sys, tinygrad_mlp as torch; torch.bfloat16, torch.ones(2).exp(); print('ml_dtypes' in sys.modules)\n"
        "torch.zeros(1, dtype=torch.bfloat16); print('ml_dtypes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    assert done.stdout == "False\nTrue\n"


def test_a_step_in_it_is_not_compiled():
    step = tinygrad_mlp.compile(lambda x: (x * x + 1).sum())
    x = tinygrad_mlp.ones(3).bfloat16()
    with pytest.raises(RuntimeError, match="the step computes in bfloat16"):
        for _ in range(4):
            step(x)
