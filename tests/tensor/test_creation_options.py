"""Options of the functions that make tensors, and of moving them: dtypes, devices, layouts, sizes, bounds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.cpu_build import NO_ACCELERATOR, NO_CUDA, NO_PINNING, NO_XPU
from support.parity import same

MAKERS = """
torch.zeros(2{})
torch.ones(2{})
torch.full((2,), 3.{})
torch.zeros_like(x{})
torch.ones_like(x{})
torch.full_like(x, 3{})
torch.eye(2{})
torch.arange(3.{})
torch.linspace(0, 1, 3{})
torch.rand(2{})
torch.randn(2{})
torch.rand_like(x{})
torch.randn_like(x{})
torch.randint(5, (2,){})
torch.randint_like(x, 5{})
torch.randperm(3{})
torch.normal(0., 1., (2,){})
torch.tensor([1.]{})
torch.as_tensor([1.]{})
torch.nn.Linear(2, 2{}).weight
torch.nn.LayerNorm(2{}).weight
torch.nn.BatchNorm1d(2{}).weight
x.new_zeros(2{})
x.new_ones(2{})
x.new_full((2,), 3{})
x.new_tensor([1.]{})
""".strip().splitlines()
OPTIONS = [
    ", device='cpu'", ", device='cpu:0'", ", device=torch.device('cpu')", ", device=None", ", device='nowhere'",
    ", dtype=torch.float64", ", dtype=float", ", dtype=None",
]  # fmt: skip
TENSORS = [", layout=torch.strided, pin_memory=False, requires_grad=False", ", requires_grad=True"]
CASES = [(line, option) for line in MAKERS for option in OPTIONS] + [
    (line, option) for line in MAKERS for option in TENSORS if ".nn." not in line
]
# What another build than torch's CPU build may have.
ELSEWHERE = {
    ", device='cuda'": NO_CUDA,
    ", device='cuda:1'": NO_CUDA,
    ", device=torch.device('cuda')": NO_CUDA,
    ", device='xpu'": NO_XPU,
    ", device=0": NO_ACCELERATOR,
}
PINNED = [line for line in MAKERS if ".nn." not in line and "as_tensor" not in line and "new_tensor" not in line]


def run(line: str, on_cpu_build: object = None) -> None:
    same(lambda torch: eval(line, {"torch": torch, "np": np, "x": torch.ones(2)}), on_cpu_build)


@pytest.mark.parametrize("line, option", CASES)
def test_options_of_places_and_dtypes(line: str, option: str) -> None:
    run(line.format(option))


@pytest.mark.parametrize("line", MAKERS)
@pytest.mark.parametrize("option", ELSEWHERE)
def test_devices_that_are_not_here(line: str, option: str) -> None:
    run(line.format(option), ELSEWHERE[option])


@pytest.mark.parametrize("line", PINNED)
def test_memory_that_cannot_be_pinned(line: str) -> None:
    run(line.format(", pin_memory=True"), NO_PINNING)


@pytest.mark.parametrize("line", ["torch.as_tensor([1.], pin_memory=True)", "x.new_tensor([1.], pin_memory=True)"])
def test_functions_that_do_not_pin(line: str) -> None:
    run(line)


LINES = """
torch.zeros(2, dtype="x")
torch.zeros(2, dtype=np.float32)
torch.zeros(2, device=1.5)
torch.zeros(2, layout="a")
torch.zeros(2, other=1)
torch.zeros_like(x, other=1)
torch.tensor(2, other=1)
x.new_zeros((2,), other=1)
x.new_full((2,), 1., other=1)
x.new_zeros((2,), dtype="x")
x.new_zeros((2,), device=1.5)
x.double().new_zeros(2, dtype=None)
torch.zeros(size=(2, 3))
torch.ones(size=(2,))
torch.empty(size=(0, 2))
torch.rand(size=(2,))
torch.randn(size=(2, 1))
torch.full(size=(2,), fill_value=1.)
torch.zeros()
torch.randn()
torch.zeros("a")
torch.zeros(2.5)
torch.zeros((2.5,))
torch.zeros(None)
torch.zeros(2, [3])
torch.zeros(2, 2.5)
torch.ones(True)
torch.ones(2, True)
torch.ones((True,))
torch.full(2, 1.)
torch.full((2,), "a")
torch.full((2,), None)
torch.full((2,), torch.ones(2))
torch.full((2,), torch.tensor(3.))
torch.full((2,), torch.tensor(3))
torch.full((2,), np.float64(3))
torch.full_like(x, "a")
torch.zeros_like(2)
torch.empty(0, memory_format=torch.contiguous_format)
torch.zeros_like(x, memory_format=torch.preserve_format)
torch.ones(4, 5).t().new_zeros(2)
list(torch.zeros_like(torch.ones(4, 5).t()).stride())
list(torch.full_like(torch.ones(4, 5).t(), 1).stride())
list(torch.zeros_like(torch.ones(4, 5).t(), memory_format=torch.contiguous_format).stride())
list(torch.zeros_like(torch.ones(4, 6)[:, ::2]).stride())
torch.rand_like(torch.ones(4, 5).t())
torch.randn_like(torch.ones(4, 5).t())
torch.randn_like(torch.ones(4, 5).t(), memory_format=torch.contiguous_format)
torch.randint_like(torch.ones(4, 5).t(), 9)
torch.rand_like(torch.arange(2))
torch.rand_like(x, generator=torch.Generator().manual_seed(1))
torch.randint_like(x, 2, 5)
torch.randint_like(x, low=2, high=5, dtype=torch.int64)
torch.randint_like(x)
torch.randint(3, size=(2,))
torch.randint(high=3, size=(2,))
torch.randint(low=1, high=3, size=(2,))
torch.randint(1, high=3, size=(2,))
torch.randint(3)
torch.randint(3, 2)
torch.randint(3.5, (2,))
torch.randint(3, (2.5,))
torch.randint(0, 3, (2,), requires_grad=True)
torch.randperm(2.5)
torch.randperm(3, requires_grad=True)
torch.randperm(3, dtype=torch.float32, requires_grad=True)
torch.arange(end=3)
torch.arange(1, end=3)
torch.arange(torch.tensor(3))
torch.arange(torch.tensor(3.))
torch.arange()
torch.arange("a")
torch.arange(float("inf"))
torch.arange(float("nan"))
torch.arange(0, 5.5, 1, dtype=torch.int64)
torch.arange(0, 5, 0.5, dtype=torch.int64)
torch.arange(0, 2, dtype=torch.bool)
torch.linspace(torch.tensor(0.), torch.tensor(1.), 3)
torch.linspace(torch.ones(2), 1, 3)
torch.linspace(0, 1, 3, dtype=torch.bool)
torch.eye(2.5)
x.new_zeros(size=(2,))
x.new_full(size=(2,), fill_value=2)
x.new_empty((0, 2), dtype=torch.float64, requires_grad=True)
list(x.new_empty(3, 2).shape)
x.new_zeros()
x.new_zeros("a")
x.new_ones(-1)
x.new_full(2, 1.)
x.new_tensor(x)
torch.tensor(x)
torch.normal(0., 1.)
torch.normal()
torch.normal(0., 1., size=3)
torch.normal(0., -1., (2,))
torch.normal(0., "a", (2,))
torch.normal(0., 1., (2,), dtype=torch.float64, requires_grad=True)
torch.normal(0., 1., (2,), dtype=torch.int64)
torch.normal(x, -1.)
torch.normal(x, std=-1.)
torch.normal(x[:0], -1.)
torch.normal(x, torch.tensor([1., -1.]))
torch.normal(0., torch.tensor([1., -1.]))
torch.normal(0., torch.tensor([1., 2.]))
torch.normal(x, torch.ones(3))
torch.normal(x, 1., (2,))
torch.normal(x, 1., dtype=torch.float64)
torch.normal(std=x)
torch.normal(x.long())
torch.normal(0., x.long())
torch.normal(x.double(), x)
torch.normal(x, x.double())
torch.normal(torch.arange(20.), 2.)
torch.normal(torch.zeros(2, 1), torch.ones(3))
torch.normal(torch.zeros(4, 5).t(), torch.ones(5, 4))
torch.bernoulli(torch.tensor([0.5, 0.5]), 0.1)
torch.bernoulli(torch.tensor([0.5, 0.5]), p=0.9)
torch.multinomial(torch.tensor([1., 2., 3.]), 2)
torch.multinomial(torch.tensor([1., 2., 3.]), 10, replacement=True)
torch.multinomial(torch.tensor([[1., 2., 3.], [3., 0., 1.]]), 2)
torch.multinomial(torch.tensor([[1., 2., 3.], [3., 0., 1.]]), 5, True)
torch.multinomial(torch.tensor([1., 2., 3.], dtype=torch.float16), 2)
torch.multinomial(torch.tensor([1., 2., 3.], dtype=torch.float64), 9, True)
torch.multinomial(torch.tensor([1., 2.], requires_grad=True), 2, generator=torch.Generator().manual_seed(4))
torch.multinomial(torch.tensor([1, 2, 3]), 1)
torch.multinomial(torch.tensor([1., 2., -3.]), 1)
torch.multinomial(torch.tensor([1., 2.]), 3)
torch.ones(3).multinomial(2)
torch.empty(4, 5).t().normal_(1., 2.)
torch.empty(4, 5).t().uniform_(1., 2.)
torch.empty(4, 5)[:, ::2].random_(5)
torch.empty(4, 5).t().random_()
torch.empty(4, 5).t().bernoulli_()
torch.empty(4, 5).t().exponential_()
torch.empty(3).random_(to=5)
torch.empty(2, 2).bernoulli_(torch.tensor([0.3, 0.7]))
torch.tensor([np.float64(1.5)])
torch.tensor([np.float32(1.5)])
torch.tensor([np.float16(1.5)])
torch.tensor([np.float16(1.5), 2.0])
torch.tensor([2, np.float16(1.5)])
torch.tensor([2.0, np.float64(1.5)])
torch.tensor([np.float32(1.5), np.float64(1.5)])
torch.tensor([[1.], [np.float64(1.5)]])
torch.tensor((np.float64(1.5),), dtype=torch.float32)
torch.tensor([np.int8(1)])
torch.tensor([np.int16(1), np.int32(2)])
torch.tensor([np.uint8(1), np.int8(2)])
torch.tensor([1, np.int32(1)])
torch.tensor([True, np.int32(1)])
torch.tensor([np.bool_(True)])
torch.tensor([True, np.float64(1.)])
torch.tensor(np.float64(1.5))
torch.tensor(np.array(1.5))
torch.tensor([np.array(1.5)])
torch.as_tensor([np.float64(1.5)])
torch.tensor([torch.tensor(1., dtype=torch.float64), 2.])
torch.tensor([torch.tensor(1, dtype=torch.int32)])
torch.tensor([torch.tensor(1, dtype=torch.int32), torch.tensor(1.5)])
torch.tensor([torch.tensor([1.], dtype=torch.float64)])
torch.tensor([torch.tensor([1., 2.]), [3., 4.]])
torch.tensor([torch.ones(0)])
torch.tensor([float("nan")], dtype=torch.int64)
torch.tensor(float("inf"), dtype=torch.int32)
torch.tensor([float("nan")], dtype=torch.bool)
torch.tensor([300], dtype=torch.uint8)
torch.tensor([-200], dtype=torch.uint8)
torch.tensor([-300], dtype=torch.uint8)
torch.tensor([128], dtype=torch.int8)
torch.tensor([1e10], dtype=torch.float16)
torch.tensor(2**63)
torch.tensor([2**70])
torch.tensor([2**63, 1.5])
torch.tensor(["a"])
torch.tensor([b"a"])
torch.tensor(range(3))
torch.tensor([[1, 2]], dtype=float)
torch.tensor([1], dtype="float32")
x.to("nowhere")
x.to(None)
x.to(float)
x.to(dtype=int)
x.to("cpu", torch.float64, True, True)
x.to(x.double(), non_blocking=True)
x.to(x) is x
x.to(torch.float32, False, True) is x
x.to("cpu", copy=True) is x
x.type("torch.DoubleTensor")
x.type("nothing")
x.type(torch.int64)
torch.nn.Linear(2, 2).to("nowhere")
torch.nn.Linear(2, 2).to(float).weight
torch.nn.Linear(2, 2).to(int)
torch.nn.Linear(2, 2).cpu().weight
torch.nn.LayerNorm(2, elementwise_affine=False, device="cuda").eps
torch.nn.init.sparse_(torch.empty(4, 3), 0.5)
torch.nn.init.sparse_(torch.nn.Linear(5, 7).weight, 0.1, std=2.0, generator=torch.Generator().manual_seed(3))
torch.nn.init.sparse_(torch.empty(4), 0.5)
len(list(torch.nn.Sequential(*[torch.nn.ReLU()] * 2).modules(remove_duplicate=False)))
str(torch.device("cpu:0")), repr(torch.device("cpu:0")), repr(torch.device("cuda", 1))
torch.device("cpu:0") == torch.device("cpu"), torch.device("cpu", 0) == torch.device("cpu:0")
torch.device("cuda").type, torch.device("meta").type, torch.device(torch.device("cpu")).type
torch.device("cpu") == "cpu", torch.zeros(1, device="cpu:0").device.index
torch.device("nowhere")
torch.device("")
torch.device(None)
torch.device("cpu:-1")
torch.device("cpu:a")
torch.device("cpu:")
torch.device("cpu:01")
torch.device(":1")
torch.device("cpu:0", 0)
torch.device("cpu", -1)
torch.Generator().device.type, torch.Generator("cpu:0").device.index, repr(torch.Generator(torch.device("cpu")).device)
torch.Generator("nowhere")
torch.Generator(1.5)
torch.get_rng_state()
torch.random.get_rng_state().clone()
torch.Generator().get_state().clone()
torch.set_rng_state(torch.zeros(5056))
torch.set_rng_state(torch.zeros(5, dtype=torch.uint8))
torch.set_rng_state(torch.zeros(5056, dtype=torch.uint8))
torch.set_rng_state(np.zeros(5056, dtype=np.uint8))
torch.set_rng_state(None)
torch.Generator().set_state([1])
torch.Generator().set_state(torch.zeros(5056))
"""


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_the_same_line_under_both_modules(line: str) -> None:
    run(line)


TO_CUDA = """
x.to("cuda")
x.to(device="cuda")
x.to("cuda", torch.float64)
x.cuda()
torch.nn.Linear(2, 2).to("cuda")
torch.nn.Linear(2, 2).to(device="cuda")
torch.nn.Linear(2, 2).cuda()
"""
TO_AN_ACCELERATOR = """
x.to(0)
torch.nn.Linear(2, 2).to(0)
torch.device(3)
torch.Generator(3)
"""


@pytest.mark.parametrize("line", TO_CUDA.strip().splitlines())
def test_moved_to_a_device_that_torch_was_not_built_for(line: str) -> None:
    run(line, NO_CUDA)


@pytest.mark.parametrize("line", TO_AN_ACCELERATOR.strip().splitlines())
def test_a_number_names_an_accelerator(line: str) -> None:
    run(line, NO_ACCELERATOR)


@pytest.mark.parametrize("mean, std", [((3,), None), (None, (3,)), ((3,), (2, 1)), ((2, 1), (3,))])
def test_what_is_drawn_has_a_gradient_of_0(mean, std) -> None:
    def program(torch):
        inputs = [1.0 if shape is None else torch.ones(shape, requires_grad=True) for shape in (mean, std)]
        tensors = [x for x in inputs if isinstance(x, torch.Tensor)]
        drawn = torch.normal(*inputs)
        return drawn, torch.autograd.grad(drawn.sum(), tensors)

    same(program)


def test_bernoulli_has_a_gradient_of_0() -> None:
    def program(torch):
        p = torch.full((3,), 0.5, requires_grad=True)
        drawn = torch.bernoulli(p)
        return drawn, torch.autograd.grad(drawn.sum(), p)

    same(program)


def test_states_go_forth_and_back() -> None:
    def program(torch):
        generator = torch.Generator().manual_seed(3)
        states = torch.get_rng_state().clone(), generator.get_state().clone()
        first = torch.randn(3), torch.randn(3, generator=generator)
        torch.set_rng_state(states[0])
        same_one = generator.set_state(states[1]) is generator
        return first, torch.randn(3), torch.randn(3, generator=generator), same_one, torch.get_rng_state()

    same(program)


def test_fork_rng() -> None:
    def program(torch):
        with torch.random.fork_rng(devices=()):  # where there are several GPUs torch warns, unless it is told which
            first = torch.rand(2)
        with torch.random.fork_rng(enabled=False):
            second = torch.rand(2)
        return first, second, torch.rand(2)

    same(program)


def test_a_refused_call_draws_nothing() -> None:
    def program(torch):
        with pytest.raises(RuntimeError):
            torch.normal(torch.zeros(3), torch.full((3,), -1.0))
        if torch is tinygrad_mlp:  # with a GPU torch does not refuse
            with pytest.raises(AssertionError):
                torch.rand(3, device="cuda")
        return torch.rand(3)

    same(program)


REFUSING = [
    lambda torch, place: torch.rand(2, device=place),
    lambda torch, place: torch.arange(2, device=place),
    lambda torch, place: torch.full_like(torch.ones(2), 3, device=place),
    lambda torch, place: torch.as_tensor([1.0], device=place),
    lambda torch, place: torch.Generator(place),
]


@pytest.mark.parametrize("program", REFUSING)
def test_only_some_functions_know_the_meta_device(program) -> None:
    """Where torch would make a tensor without elements, too; those that do are in tests/nn/test_meta.py."""
    for place in ("meta", tinygrad_mlp.device("meta")):
        with pytest.raises(NotImplementedError, match="no device 'meta'"):
            program(tinygrad_mlp, place)


def test_the_state_is_torchs() -> None:
    ours, theirs = tinygrad_mlp.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    np.testing.assert_array_equal(ours.get_state().numpy(), theirs.get_state().numpy())
