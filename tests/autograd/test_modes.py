"""Grad modes, inference mode and anomaly mode as torch has them: blocks, decorators, threads, refusals, warnings."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
import re
import sys
import threading
import warnings

import pytest

import tinygrad_mlp
from support.parity import same
from tinygrad_mlp.autograd import making


def _leaf(torch, *shape):
    return torch.arange(1.0, 1.0 + torch.zeros(shape).numel()).reshape(shape).clone().requires_grad_()


def blocks(torch):
    seen = [torch.is_grad_enabled()]
    x = _leaf(torch, 3)
    with torch.no_grad():
        seen.append(torch.is_grad_enabled())
        with torch.enable_grad():
            seen += [torch.is_grad_enabled(), (x * 2).requires_grad]
        with torch.set_grad_enabled(False):
            seen.append((x * 2).requires_grad)
        with torch.set_grad_enabled(True):
            seen.append((x * 2).requires_grad)
        seen.append((x * 2).requires_grad)
    return seen, torch.is_grad_enabled()


def multithreading_is_set(torch):
    x = _leaf(torch, 3)
    with torch.autograd.set_multithreading_enabled(False):
        (x * 2).sum().backward()

    @torch.autograd.set_multithreading_enabled(True)
    def double():
        return torch.is_grad_enabled(), (x * 2).requires_grad

    return x.grad, double()


def set_grad_enabled_three_ways(torch):
    seen = []
    torch.set_grad_enabled(False)
    seen.append(torch.is_grad_enabled())
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False) as entered:
        seen += [torch.is_grad_enabled(), entered]

    @torch.set_grad_enabled(False)
    def decorated():
        return torch.is_grad_enabled()

    seen += [torch.is_grad_enabled(), decorated(), torch.is_grad_enabled(), repr(torch.set_grad_enabled(True))]
    return seen


def an_exception_ends_the_mode(torch):
    try:
        with torch.no_grad():
            raise KeyError
    except KeyError:
        pass
    return torch.is_grad_enabled()


def decorated_functions(torch):
    @torch.no_grad()
    def plain(depth=0):
        """Its own text."""
        return [torch.is_grad_enabled(), *(plain(depth - 1) if depth else [])]

    @torch.no_grad
    def bare():
        return torch.is_grad_enabled()

    @torch.enable_grad()
    def enabling():
        return torch.is_grad_enabled()

    with torch.no_grad():
        inner = enabling()
    return plain(2), bare(), inner, torch.is_grad_enabled(), plain.__name__, plain.__doc__


def decorated_methods(torch):
    class Model:
        @torch.no_grad()
        def predict(self, x):
            return x * 2

    return Model().predict(_leaf(torch, 2))


def decorated_generators(torch):
    log = []

    @torch.no_grad()
    def numbers():
        try:
            sent = yield torch.is_grad_enabled()
            log.append(sent)
            try:
                yield torch.is_grad_enabled()
            except KeyError:
                log.append(("caught", torch.is_grad_enabled()))
            yield "after the error"
            return "result"
        finally:
            log.append(("closed", torch.is_grad_enabled()))

    def outer():
        log.append((yield from numbers()))

    generator = numbers()
    seen = [
        next(generator),
        torch.is_grad_enabled(),
        generator.send("sent"),
        generator.throw(KeyError),
        torch.is_grad_enabled(),
    ]
    seen += list(outer())
    closing = numbers()
    next(closing)
    closing.close()
    failing = numbers()
    next(failing)
    try:
        failing.throw(ValueError("through"))
    except ValueError as error:
        log.append(str(error))
    return seen, log, inspect.isgeneratorfunction(numbers), torch.is_grad_enabled()


def decorated_coroutines(torch):
    @torch.no_grad()
    async def one():
        return torch.is_grad_enabled()

    async def block():
        with torch.no_grad():
            await asyncio.sleep(0)
            return torch.is_grad_enabled()

    return asyncio.run(one()), asyncio.run(block()), torch.is_grad_enabled()


def decorated_class(torch):
    class Made:
        def __init__(self):
            self.recording = torch.is_grad_enabled()

    return torch.no_grad()(Made)().recording


def inference_flags(torch):
    n, w = torch.ones(3), _leaf(torch, 3)
    with torch.inference_mode():
        made = torch.ones(3)
        several = [made, made * 2, made[:2], n[:2], n.detach(), w[:2], n.view(3), w, torch.ones(2, requires_grad=True)]
        inside = [t.is_inference() for t in several]
        modes = [torch.is_inference_mode_enabled(), torch.is_grad_enabled(), (w * 2).requires_grad]
        with torch.inference_mode(False):
            modes += [torch.is_inference_mode_enabled(), (w * 2).requires_grad, torch.ones(1).is_inference()]
        made.add_(1)
        n.add_(1)
    after = [
        made[:2].is_inference(),
        made.clone().is_inference(),
        (made * 2).is_inference(),
        made.detach().is_inference(),
    ]
    return inside, modes, after, torch.is_inference(made), torch.is_inference_mode_enabled(), n._version, made


def inference_decorators(torch):
    @torch.inference_mode()
    def one():
        return torch.ones(1).is_inference()

    @torch.inference_mode
    def two():
        return torch.ones(1).is_inference()

    @torch.inference_mode(mode=False)
    def three():
        return torch.ones(1).is_inference()

    @torch.inference_mode()
    def generator():
        yield torch.is_inference_mode_enabled()

    return one(), two(), three(), list(generator()), torch.is_inference_mode_enabled()


def inference_tensors_that_nothing_saves(torch):
    w = _leaf(torch, 3)
    with torch.inference_mode():
        made = torch.ones(3)
    y = made + w
    y.sum().backward()
    z = (w * made.clone()).sum()
    z.backward()
    normal = torch.zeros(3)
    normal.copy_(made)
    return w.grad, made * normal, normal._version


def inference_tensors_updated_in_a_later_block(torch):
    with torch.inference_mode():
        made = torch.ones(3)
    with torch.inference_mode():
        made.add_(1)
        made[0] = 7.0
    return made


def _inference(use):
    def program(torch):
        n, w = torch.ones(3), _leaf(torch, 3)
        with torch.inference_mode():
            made, view = torch.ones(3), n[:2]
        return use(torch, made, w, n, view)

    return program


def _under_no_grad(torch, made):
    with torch.no_grad():
        made.add_(1)


def _in_normal_mode_within(torch, made, w):
    with torch.inference_mode():
        made = torch.ones(3)
        with torch.inference_mode(False):
            return made * w


INFERENCE_REFUSED = [
    _inference(lambda torch, made, w, n, view: made * w),
    _inference(lambda torch, made, w, n, view: w * made[:1]),
    _inference(lambda torch, made, w, n, view: (w * 2).sum() * made.exp().mul(w)),
    _inference(lambda torch, made, w, n, view: made.add_(n)),
    _inference(lambda torch, made, w, n, view: made.add_(1)),
    _inference(lambda torch, made, w, n, view: made.zero_()),
    _inference(lambda torch, made, w, n, view: made.copy_(n)),
    _inference(lambda torch, made, w, n, view: made.__setitem__(0, 2.0)),
    _inference(lambda torch, made, w, n, view: made[:1].mul_(2)),
    _inference(lambda torch, made, w, n, view: made.requires_grad_()),
    _inference(lambda torch, made, w, n, view: made._version),
    _inference(lambda torch, made, w, n, view: _under_no_grad(torch, made)),
    _inference(lambda torch, made, w, n, view: _in_normal_mode_within(torch, made, w)),
]


def anomaly_flags(torch):
    seen = [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
        with torch.autograd.set_detect_anomaly(False):
            seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
        seen += [torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]
    torch.autograd.set_detect_anomaly(True)
    seen.append(torch.is_anomaly_enabled())
    torch.autograd.set_detect_anomaly(False)
    with torch.autograd.detect_anomaly():
        seen.append(torch.is_anomaly_enabled())
    return seen, torch.is_anomaly_enabled()


def anomaly_names_the_node(torch):
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = (x.sqrt() * 0).sum()
        y.backward()


def anomaly_without_the_forward(torch):
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    y = (x.sqrt() * 0).sum()
    with torch.autograd.detect_anomaly():
        y.backward()


def anomaly_names_the_output(torch):
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        torch.autograd.grad((x.sqrt() * x).sum(), x)


def anomaly_in_the_gradient_of_the_gradient(torch):
    x = torch.tensor([0.0, 2.0], requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        (g,) = torch.autograd.grad((x**1.5).sum(), x, create_graph=True)
        (g * 0).sum().backward()


def anomaly_and_a_changed_tensor(torch):
    x = _leaf(torch, 2)
    with torch.autograd.set_detect_anomaly(True):
        y = (x * 1).exp()
        y.add_(1)
        y.sum().backward()


def anomaly_and_a_failing_hook(torch):
    x = _leaf(torch, 2)
    with torch.autograd.set_detect_anomaly(True):
        y = x * 1
        y.register_hook(lambda g: 1 / 0)
        y.sum().backward()


def anomaly_that_lets_nans_pass(torch):
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    with torch.autograd.detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    return x.grad


def anomaly_where_all_is_well(torch):
    x = _leaf(torch, 2, 2)
    with torch.autograd.set_detect_anomaly(True):
        y = x.mm(x).exp().max(1)[0]
        y.register_hook(lambda g: g * 2)
        y[:1].mul(3).sum().backward()
    return x.grad, list(y.grad_fn.metadata)


RIGHT = [
    blocks, multithreading_is_set, set_grad_enabled_three_ways, an_exception_ends_the_mode, decorated_functions,
    decorated_methods,
    decorated_generators, decorated_coroutines, decorated_class, inference_flags, inference_decorators,
    inference_tensors_that_nothing_saves, inference_tensors_updated_in_a_later_block, anomaly_flags,
    anomaly_names_the_node, anomaly_without_the_forward, anomaly_names_the_output,
    anomaly_in_the_gradient_of_the_gradient, anomaly_and_a_changed_tensor, anomaly_and_a_failing_hook,
    anomaly_that_lets_nans_pass, anomaly_where_all_is_well,
]  # fmt: skip


@pytest.mark.parametrize("program", RIGHT, ids=lambda p: p.__name__)
def test_same_as_torch(program):
    same(program)


@pytest.mark.parametrize("program", INFERENCE_REFUSED, ids=range(len(INFERENCE_REFUSED)))
def test_inference_tensors_refused_as_torch_refuses(program):
    same(program)


@pytest.mark.parametrize("program", [anomaly_names_the_node, anomaly_in_the_gradient_of_the_gradient])
def test_anomaly_mode_shows_the_line(program):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError, match="returned nan values in its 0th output"):
            program(tinygrad_mlp)
    texts = [re.sub(r"\n +[~^]+\n", "\n", str(w.message)) for w in caught]  # Python's marks under the line
    last = [text.rstrip().splitlines()[-1].strip() for text in texts if "Traceback" in text]
    if program is anomaly_names_the_node:
        assert last == ["y = (x.sqrt() * 0).sum()"]
    else:  # the node of the gradient was made by grad(), and that one's node by the power
        assert last == ["(g,) = torch.autograd.grad((x**1.5).sum(), x, create_graph=True)"] * 2
    assert not tinygrad_mlp.is_anomaly_enabled()


def test_a_refused_write_into_an_inference_tensor_leaves_it():
    # Torch refuses as well, but when the elements are already written.
    with tinygrad_mlp.inference_mode():
        made = tinygrad_mlp.ones(3)
    for write in (lambda: made.add_(1), lambda: made.zero_(), lambda: made[:2].mul_(3), lambda: made.copy_(made * 2)):
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
            write()
    assert made.tolist() == [1, 1, 1]


def test_modes_belong_to_the_thread():
    seen = []

    def other():
        seen.extend([tinygrad_mlp.is_grad_enabled(), tinygrad_mlp.is_inference_mode_enabled()])
        seen.append(tinygrad_mlp.ones(1).is_inference())

    with tinygrad_mlp.inference_mode():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == [True, False, False]


@pytest.mark.parametrize("outside", [True, False])
def test_copies_and_parameters_made_in_inference_mode(outside):
    def program(torch):
        t = torch.ones(2)
        with torch.inference_mode():
            source = t if outside else torch.ones(2)
            made = [
                copy.copy(source), copy.deepcopy(source), copy.deepcopy(torch.nn.Parameter(source)),
                pickle.loads(pickle.dumps(source)), torch.nn.Parameter(source), torch.nn.Parameter(),
                torch.Tensor([1.0]),
            ]  # fmt: skip
        return [tensor.is_inference() for tensor in made]

    same(program)


def test_inference_mode_keeps_nothing_alive_and_leaves_no_trace():
    makers = [sys.modules["tinygrad_mlp.tensor.tensor"], sys.modules["tinygrad_mlp.tensor.dispatch"]]
    with tinygrad_mlp.inference_mode():
        for _ in range(100):
            tinygrad_mlp.ones(2) * 2
        assert len(making.made.tensors) == 0
        assert all(module.new is not object.__new__ for module in makers)
    assert all(module.new is object.__new__ for module in makers)
