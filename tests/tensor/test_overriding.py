"""A class with `__torch_function__` takes over the functions that are called on its objects, as in torch."""

from __future__ import annotations

import contextlib
import functools
import inspect
import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import tinygrad_mlp
from tinygrad_mlp.absent.rows import is_only_a_name

# The call, with `a` an object of the class and `t` a tensor; and the function that the class is told of.
CALLS = {
    "torch.clone(a)": "clone",
    "torch.add(a, t)": "add",
    "torch.add(t, a, alpha=2)": "add",
    "torch.mul(2.0, a)": "mul",
    "torch.sum(a, dim=1)": "sum",
    "torch.sum(a, -1)": "sum",
    "torch.mean(a)": "mean",
    "torch.matmul(a, t)": "matmul",
    "torch.linalg.solve(a, t)": "linalg.solve",
    "torch.linalg.cholesky(a)": "linalg.cholesky",
    "torch.linalg.eigh(a)": "linalg.eigh",
    "torch.logdet(a)": "logdet",
    "torch.squeeze(a)": "squeeze",
    "torch.unsqueeze(a, -1)": "unsqueeze",
    "torch.transpose(a, 0, 1)": "transpose",
    "torch.permute(a, (0, 1))": "permute",
    "torch.cat([t, a])": "cat",
    "torch.where(a, t, t)": "where",
    "torch.numel(a)": "numel",
    "torch.isclose(t, a)": "isclose",
    "torch.equal(a, t)": "equal",
    "torch.chunk(a, 2)": "chunk",
    "torch.erf(a)": "erf",
    "torch.softmax(a, -1)": "softmax",
    "torch.exp(a)": "exp",
    "torch.inverse(a)": "inverse",
    "torch.linalg.inv(a)": "linalg.inv",
    "torch.det(a)": "det",
    "torch.multiply(t, a)": "multiply",
    "torch.max(a)": "max",
    "torch.max(a, 1)": "max",
    "torch.median(a, dim=1)": "median",
    "torch.zeros_like(a)": "zeros_like",
    "torch.nn.functional.mse_loss(a, a)": "nn.functional.mse_loss",
    "torch.nn.functional.softmin(a)": "nn.functional.softmin",
}


def made(framework: Any, answer: Any) -> tuple[Any, list[Any]]:
    """An object whose class answers every function, and the list of what it is told."""
    told: list[Any] = []

    class Taking:
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            told.append((func, [each.__name__ for each in types], args, dict(kwargs or {})))
            return answer

    return Taking(), told


@pytest.mark.parametrize("call", CALLS)
def test_the_class_is_told_of_the_function(call: str) -> None:
    for framework in (torch, tinygrad_mlp):
        a, told = made(framework, "answered")
        assert eval(call, {"torch": framework, "a": a, "t": framework.ones(2)}) == "answered"
        ((function, types, args, kwargs),) = told
        wanted: Any = framework
        for name in CALLS[call].split("."):
            wanted = getattr(wanted, name)
        assert function is wanted or framework is torch  # whose rooms have functions of their own
        assert types == ["Taking"]
        flat = [x for arg in (*args, *kwargs.values()) for x in (arg if isinstance(arg, list) else [arg])]
        assert any(x is a for x in flat)


@pytest.mark.parametrize("call", ["t.add(a)", "t.matmul(a)", "t.sub(other=a)"])
def test_methods_of_tensors_ask_it_too(call: str) -> None:
    for framework in (torch, tinygrad_mlp):
        a, told = made(framework, "answered")
        assert eval(call, {"t": framework.ones(2), "a": a}) == "answered"
        assert told[0][0].__name__ in call


def test_arguments_that_are_defaults_are_not_handed_on() -> None:
    a, told = made(tinygrad_mlp, None)
    tinygrad_mlp.sum(a, -1)
    tinygrad_mlp.squeeze(a)
    assert [(each[0].__name__, each[2][1:], each[3]) for each in told] == [
        ("sum", (), {"dim": -1}),
        ("squeeze", (), {}),
    ]


def test_a_subclass_is_asked_first_and_a_refusal_goes_on() -> None:
    said: list[list[str]] = []
    for framework in (torch, tinygrad_mlp):
        asked: list[str] = []

        class Base:
            @classmethod
            def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                asked.append(f"{cls.__name__} {[each.__name__ for each in types]}")  # noqa: B023
                return NotImplemented

        class Derived(Base):
            pass

        class Other(Base):
            pass

        with pytest.raises(TypeError, match=r"Multiple dispatch failed for 'torch.*add'; all __torch_fu"):
            framework.add(Base(), Derived())
        with pytest.raises(TypeError, match="Multiple dispatch failed"):
            framework.cat([Other(), Base(), Derived(), Base()])
        said.append(list(dict.fromkeys(asked)))  # a function that calls another may ask again
    assert said[0] == said[1]


def test_an_error_of_the_class_is_the_programs() -> None:
    class Refusing:
        @classmethod
        def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            raise LookupError("of the class")

    for call in (tinygrad_mlp.exp, tinygrad_mlp.numel, tinygrad_mlp.mean):
        with pytest.raises(LookupError, match="of the class"):
            call(Refusing())


def test_tensors_and_other_objects_are_as_before() -> None:
    with pytest.raises(TypeError, match=r"exp\(\): argument 'input' \(position 1\) must be Tensor, not object"):
        tinygrad_mlp.exp(object())

    class Sub(tinygrad_mlp.Tensor):
        pass

    assert not tinygrad_mlp.overrides.has_torch_function([tinygrad_mlp.ones(2), 3, None])


def test_what_libraries_ask_of_overrides() -> None:
    for framework in (torch, tinygrad_mlp):
        overrides = __import__(f"{framework.__name__}.overrides").overrides
        a, told = made(framework, "answered")
        t = framework.ones(2)
        assert overrides.has_torch_function((t, a)) and not overrides.has_torch_function((t,))
        assert overrides.is_tensor_like(a) and overrides.is_tensor_like(t) and not overrides.is_tensor_like(3)
        assert (
            overrides.handle_torch_function(test_what_libraries_ask_of_overrides, (t, a), a, t, scale=2) == "answered"
        )
        assert told[0][0] is test_what_libraries_ask_of_overrides and told[0][2][0] is a and told[0][3] == {"scale": 2}


# Where the class is told of another function, which that one calls; and where it is not asked, because the others of
# its arguments are wrong, or nothing is wrong with this one.
OF_ANOTHER = {
    "divide", "dsmm", "ger", "linalg.norm",
    "moveaxis", "nn.functional.multilabel_soft_margin_loss", "nn.functional.normalize",
    "nn.functional.poisson_nll_loss", "nn.functional.relu6", "nn.functional.selu", "nn.functional.softsign",
    "nn.functional.tanhshrink", "norm", "row_stack", "selu", "subtract", "swapdims",
}  # fmt: skip
NOT_ASKED = {
    "flip", "is_inference", "nn.functional.alpha_dropout", "nn.functional.feature_alpha_dropout", "permute", "reshape",
    "rsub",
}  # fmt: skip


def test_every_function_that_torch_lets_classes_take_over_asks_them() -> None:
    asked, of_another, not_asked = set(), set(), set()
    for name, arguments in calls_of_all_functions():
        a, told = made(tinygrad_mlp, "answered")
        args, kwargs = arguments(a)
        with contextlib.suppress(Exception):
            operator.attrgetter(name)(tinygrad_mlp)(*args, **kwargs)
        own = [name.rpartition(".")[2], name.replace(".", "_")]
        (asked if told and told[0][0].__name__ in own else of_another if told else not_asked).add(name)
    assert not_asked == NOT_ASKED and of_another == OF_ANOTHER
    assert len(asked) > 400


def calls_of_all_functions() -> Iterator[tuple[str, Callable[[Any], tuple[list[Any], dict[str, Any]]]]]:
    """The functions of both frameworks that torch lets classes take over, with arguments that make it ask an object."""
    signatures = torch.overrides.get_testing_overrides()
    for room in ("", "linalg.", "special.", "nn.functional."):
        theirs = operator.attrgetter(room[:-1])(torch) if room else torch
        for short in dir(theirs):
            function = getattr(theirs, short)
            if short[0] == "_" or not callable(function) or isinstance(function, type) or function not in signatures:
                continue
            arguments = functools.partial(required, inspect.signature(signatures[function]))
            try:
                own = operator.attrgetter(room + short)(tinygrad_mlp)
            except AttributeError:
                continue
            if not is_only_a_name(own) and asks_in_torch(function, arguments):
                yield room + short, arguments


def required(signature: inspect.Signature, a: Any) -> tuple[list[Any], dict[str, Any]]:
    """The object for each argument of a call that has no default."""
    parameters = [p for p in signature.parameters.values() if p.default is p.empty]
    args = [[a, a] if p.name == "tensors" else a for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if not args and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        args = [a, a]
    return args, {p.name: a for p in parameters if p.kind is p.KEYWORD_ONLY}


def asks_in_torch(function: Any, arguments: Any) -> bool:
    a, told = made(torch, "answered")
    args, kwargs = arguments(a)
    with contextlib.suppress(Exception):
        function(*args, **kwargs)
    return bool(told)
