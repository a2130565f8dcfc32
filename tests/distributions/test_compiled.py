"""Distributions inside of compiled steps: fresh samples at each call, checks at each call, and nothing frozen."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import CannotRecord

d = torch.distributions


def run(step: Any, calls: int, *args: Any) -> list[Any]:
    torch.manual_seed(0)
    return [torch.stack([x.double().sum() for x in step(*args)]).tolist() for _ in range(calls)]


def assert_as_eager(make: Any, *args: Any) -> list[Any]:
    """The compiled step gives what the eager one gives, and another sample at each call."""
    step = make()
    eager = run(step, 4, *args)
    compiled = torch.compile(make())
    found = run(compiled, 4, *args)
    for mine, other in zip(found, eager, strict=True):
        assert mine == pytest.approx(other, rel=1e-5)
    return found


SAMPLES = {
    "normal": lambda x: d.Normal(x, x.exp()).rsample((3,)),
    "normal_sample": lambda x: d.Normal(x, 1.0).sample(),
    "uniform": lambda x: d.Uniform(x, x + 1).rsample(),
    "laplace": lambda x: d.Laplace(x, 1.0).rsample((2,)),
    "exponential": lambda x: d.Exponential(x).rsample(),
    "cauchy": lambda x: d.Cauchy(x, 1.0).rsample(),
    "gumbel": lambda x: d.Gumbel(x, 1.0).rsample(),
    "gamma": lambda x: d.Gamma(x, 1.0).rsample((2,)),
    "beta": lambda x: d.Beta(x, 1.0).rsample(),
    "dirichlet": lambda x: d.Dirichlet(x).rsample(),
    "student_t": lambda x: d.StudentT(x + 2).rsample(),
    "poisson": lambda x: d.Poisson(x + 3).sample((2,)),
    "binomial": lambda x: d.Binomial(30, x.sigmoid()).sample(),
    "geometric": lambda x: d.Geometric(x.sigmoid()).sample((5,)),
    "bernoulli": lambda x: d.Bernoulli(logits=x).sample((8,)),
    "categorical": lambda x: d.Categorical(logits=x).sample((9,)),
    "one_hot": lambda x: d.OneHotCategoricalStraightThrough(logits=x).rsample((9,)) * torch.arange(27.0).view(9, 3),
    "multinomial": lambda x: d.Multinomial(20, logits=x).sample()[..., :2],
    "relaxed": lambda x: d.RelaxedOneHotCategorical(torch.tensor(0.5), logits=x).rsample()[..., :2],
    "multivariate_normal": lambda x: d.MultivariateNormal(x, scale_tril=torch.eye(3)).rsample(),
    "log_normal": lambda x: d.LogNormal(x, 1.0).rsample(),
    "mixture": lambda x: d.MixtureSameFamily(d.Categorical(logits=x), d.Normal(x, 1.0)).sample((3,)),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_call_draws_anew(name: str) -> None:
    x = torch.tensor([0.5, 1.5, 1.0])

    def make() -> Any:
        def step(x: Any) -> Any:
            return SAMPLES[name](x), torch.rand(2)

        return step

    found = assert_as_eager(make, x)
    assert len({values[0] for values in found}) > 1


@pytest.mark.parametrize("kind", ["normal", "gamma", "categorical"])
def test_training_by_samples(kind: str) -> None:
    """Reparameterised samples, and the gradients of log-probabilities."""

    def make() -> Any:
        mean = torch.nn.Parameter(torch.tensor([0.3, 0.7, 1.2]))
        optimizer = torch.optim.Adam([mean], lr=0.1)

        def step() -> Any:
            optimizer.zero_grad()
            if kind == "normal":
                q = d.Normal(mean, mean.exp())
                loss = (q.rsample((5,)) ** 2).mean() + d.kl_divergence(q, d.Normal(0.0, 1.0)).sum()
            elif kind == "gamma":
                q = d.Gamma(mean.exp(), 1.0)
                loss = (q.rsample((5,)) - 3).pow(2).mean()
            else:
                q = d.Categorical(logits=mean)
                action = q.sample((6,))
                loss = -(q.log_prob(action) * action).mean() - 0.1 * q.entropy()
            loss.backward()
            optimizer.step()
            return loss.detach(), mean.detach()

        return step

    assert_as_eager(make)


def test_distributions_from_outside() -> None:
    """A distribution that the step finds in its variables is read at each call."""
    loc = torch.zeros(2)
    prior = d.Independent(d.Normal(loc, torch.ones(2)), 1)

    @torch.compile
    def step(x: Any) -> Any:
        return prior.log_prob(x)

    x = torch.ones(2)
    values = [step(x).item() for _ in range(3)]
    loc += 1
    assert step(x).item() == prior.log_prob(x).item() != values[0]
    prior.base_dist = d.Normal(torch.ones(2) * 3, torch.ones(2))
    assert step(x).item() == prior.log_prob(x).item()
    count = d.Multinomial(3, torch.ones(2))

    @torch.compile
    def counted() -> Any:
        return count.sample().sum()

    assert [counted().item() for _ in range(2)] == [3, 3]
    count.total_count = 7
    assert counted().item() == 7


SHIFT = {"by": 1.0}


class Shifted(d.Normal):
    """A class whose method reads what is outside of it."""

    @property
    def mean(self) -> Any:
        return self.loc + SHIFT["by"]

    def entropy(self) -> Any:
        return self.mean * 2


def test_methods_of_ones_own() -> None:
    """The package calls `entropy`, which reads a variable that the step does not name."""
    shifted = Shifted(torch.zeros(2), 1.0)

    @torch.compile
    def step() -> Any:
        return shifted.perplexity()

    try:
        first = [step()[0].item() for _ in range(2)]
        SHIFT["by"] = 2.0
        second = step()[0].item()
    finally:
        SHIFT["by"] = 1.0
    assert (first, second) == ([pytest.approx(2.718281828**2)] * 2, pytest.approx(2.718281828**4))


def test_arguments_are_checked_at_each_call() -> None:
    @torch.compile
    def step(scale: Any, value: Any) -> Any:
        return d.Exponential(scale).log_prob(value)

    good, bad = torch.tensor([1.0, 2.0]), torch.tensor([1.0, -2.0])
    for _ in range(3):
        step(good, good)
    with pytest.raises(ValueError, match=r"Expected parameter rate \(Tensor of shape \(2,\)\) of distribution Expon"):
        step(bad, good)
    with pytest.raises(ValueError, match="Expected value argument"):
        step(good, bad)
    assert step(good, good).tolist() == d.Exponential(good).log_prob(good).tolist()


def test_a_bad_argument_at_the_first_call() -> None:
    @torch.compile
    def step(scale: Any) -> Any:
        return d.Normal(0.0, scale).sample()

    with pytest.raises(ValueError, match="Expected parameter scale"):
        step(torch.tensor(-1.0))
    assert step(torch.tensor(1.0)).shape == ()


def test_refused() -> None:
    """Loops whose length depends on values, and attributes that the step would leave in a distribution."""

    @torch.compile
    def rejection(x: Any) -> Any:
        return d.VonMises(x, 1.0).sample()

    with pytest.raises(CannotRecord, match="reads a value"):
        rejection(torch.zeros(3))
    outside = d.Bernoulli(logits=torch.zeros(3))

    @torch.compile
    def lazy() -> Any:
        return outside.probs * 1

    with pytest.raises(CannotRecord, match="the step changes `outside"):
        lazy()
    assert outside.probs.tolist() == [0.5] * 3
    assert lazy().tolist() == [0.5] * 3


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_over_a_batch(randomness: str) -> None:
    rates = torch.tensor([[0.5, 2.0], [3.0, 0.1], [30.0, 10.0]])

    def gamma(rate: Any) -> Any:
        return d.Gamma(rate, 1.0).rsample(), d.Exponential(rate).log_prob(rate)

    if randomness == "same":
        with pytest.raises(RuntimeError):
            torch.vmap(gamma, randomness=randomness)(rates)
        return
    torch.manual_seed(0)
    samples, density = torch.vmap(gamma, randomness=randomness)(rates)
    torch.manual_seed(0)
    assert samples.tolist() == torch.stack([d.Gamma(rate, 1.0).rsample() for rate in rates]).tolist()
    assert torch.allclose(density, d.Exponential(rates).log_prob(rates))
    with pytest.raises(ValueError, match="Expected parameter"):
        torch.vmap(gamma, randomness=randomness)(-rates)
