"""Strategies of small networks, and of runs in which they are trained."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ... import nn, optim
from ...random import get_rng_state, set_rng_state
from ...tensor import Tensor, wrap
from . import numbers
from .arrays import Dtypes, Options, arrays, draw_array, numpy_dtype, options

Layer = Callable[[], nn.Module]
ACTIVATIONS: tuple[Layer, ...] = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU, nn.ELU, nn.Softplus, nn.LeakyReLU)
_ORDINARY = ("zero", "tie")  # for what is trained: with an infinity or a nan every number soon is nan


class MLP(NamedTuple):
    """A network and a batch for it."""

    network: nn.Sequential
    batch: Tensor


class TrainingRun(NamedTuple):
    """A network, a batch with its targets, a loss of the two, an optimiser of the network, and a number of steps."""

    network: nn.Sequential
    batch: Tensor
    targets: Tensor
    loss: Callable[[Any, Any], Any]
    optimizer: optim.Optimizer
    steps: int

    def losses(self) -> list[float]:
        """Train the network, and return the loss before each step."""
        return [self.step() for _ in range(self.steps)]

    def step(self) -> float:
        """One step of training, and the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss(self.network(self.batch), self.targets)
        loss.backward()
        self.optimizer.step()
        return float(loss.item())


def mlps(
    dtype: Dtypes = ("float32", "float64"),
    *,
    max_layers: int = 3,
    max_width: int = 4,
    max_batch: int = 4,
    awkward: bool | str | Collection[str] = True,
    finite: bool = False,
    empty: bool = True,
    layouts: str | Collection[str] | None = None,
) -> SearchStrategy[MLP]:
    """An `nn.Sequential` of one to `max_layers` linear layers with activations between them, and a batch for it.

    They shrink to one linear layer of one weight, 0, and a batch of one number, 0. The weights are plain or random
    numbers; `awkward`, `finite`, `empty` and `layouts` mean for the batch what they mean for `arrays`.
    """
    wanted = options(dtype, None, awkward, finite, empty, layouts)
    return _mlps(wanted, max_layers, max_width, max_batch)


@st.composite
def _mlps(draw: Any, wanted: Options, max_layers: int, max_width: int, max_batch: int) -> MLP:
    dtype = draw(st.sampled_from(wanted.dtypes))
    width = st.integers(1, max_width)
    features = draw(width)
    rows = draw(st.integers(1, max_batch) | st.integers(0, 1) if wanted.empty else st.integers(1, max_batch))
    batch = draw_array(draw, (rows, features), wanted._replace(dtypes=(dtype,)))
    widths = draw(st.lists(width, min_size=1, max_size=max_layers))
    return MLP(_network(draw, dtype, [features, *widths]), wrap(batch))


def _network(draw: Any, dtype: Any, widths: list[int]) -> nn.Sequential:
    """Linear layers of the given widths, whose weights are drawn; the stream of random numbers is left as it is."""
    state = get_rng_state()
    layers: list[nn.Module] = []
    try:
        bias = draw(st.booleans())
        for into, out in itertools.pairwise(widths):
            layers += [_linear(draw, dtype, into, out, bias), draw(st.sampled_from(ACTIVATIONS))()]
    finally:
        set_rng_state(state)
    return nn.Sequential(*layers[:-1])


def _linear(draw: Any, dtype: Any, into: int, out: int, bias: bool) -> nn.Linear:
    layer = nn.Linear(into, out, bias=bias)
    for name, parameter in layer.named_parameters():
        array = numbers.array(draw, dtype, tuple(parameter.shape), _ORDINARY)
        setattr(layer, name, nn.Parameter(wrap(array)))
    return layer


LOSSES: tuple[Callable[[Any, Any], Any], ...] = (nn.MSELoss(), nn.L1Loss(), nn.SmoothL1Loss())
_OPTIMIZERS: tuple[Callable[[Any, float], optim.Optimizer], ...] = (
    lambda parameters, lr: optim.SGD(parameters, lr),
    lambda parameters, lr: optim.SGD(parameters, lr, momentum=0.5),
    lambda parameters, lr: optim.SGD(parameters, lr, momentum=0.5, nesterov=True, weight_decay=0.25),
    lambda parameters, lr: optim.Adam(parameters, lr),
    lambda parameters, lr: optim.Adam(parameters, lr, amsgrad=True, weight_decay=0.25),
    lambda parameters, lr: optim.AdamW(parameters, lr),
)


def training_runs(
    dtype: Dtypes = ("float32", "float64"),
    *,
    max_layers: int = 3,
    max_width: int = 4,
    max_batch: int = 4,
    max_steps: int = 4,
) -> SearchStrategy[TrainingRun]:
    """A network as by `mlps`, finite inputs and targets, a loss, an optimiser with its options, and a number of steps.

    A loss is the mean squared, absolute or smooth error, or that of classes. They shrink to plain descent by one step
    of the mean squared error of a network of one weight.
    """
    wanted = options(dtype, None, _ORDINARY, True, False, None)
    return _training_runs(_mlps(wanted, max_layers, max_width, max_batch), max_steps)


@st.composite
def _training_runs(draw: Any, networks: Any, max_steps: int) -> TrainingRun:
    network, batch = draw(networks)
    with_classes = draw(st.sampled_from((False, False, False, True)))
    loss, targets = _of_classes(draw, network, batch) if with_classes else _of_numbers(draw, network, batch)
    optimizer = draw(st.sampled_from(_OPTIMIZERS))(network.parameters(), draw(st.sampled_from((0.125, 0.01, 1.0))))
    return TrainingRun(network, batch, targets, loss, optimizer, draw(st.integers(1, max_steps)))


def _of_numbers(draw: Any, network: nn.Sequential, batch: Tensor) -> tuple[Any, Tensor]:
    shape = (len(batch), network[-1].out_features)
    wanted = options(numpy_dtype(batch.dtype), None, _ORDINARY, True, False, None)
    return draw(st.sampled_from(LOSSES)), wrap(draw_array(draw, shape, wanted))


def _of_classes(draw: Any, network: nn.Sequential, batch: Tensor) -> tuple[Any, Tensor]:
    classes = st.integers(0, network[-1].out_features - 1)
    return nn.CrossEntropyLoss(), wrap(draw(arrays("int64", len(batch), classes, layouts="contiguous")))
