"""Transforms against torch: values, inverses, Jacobians, shapes, caches, equality and refusals; and constraints."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.families import DTYPES, WORLDS, answer, assert_same

RTOL = {"float32": 3e-5, "float64": 1e-11}

# A transform, and the shape of what it takes.
TRANSFORMS: dict[str, Any] = {
    "abs": (lambda m, d: d.AbsTransform(), (3, 4)),
    "affine": (lambda m, d: d.AffineTransform(1.5, -2.0), (3, 4)),
    "affine_of_tensors": (lambda m, d: d.AffineTransform(m.arange(4.0), m.tensor([[2.0], [-3.0], [0.5]])), (3, 4)),
    "affine_of_events": (lambda m, d: d.AffineTransform(m.arange(4.0), m.tensor(3.0), event_dim=1), (3, 4)),
    "exp": (lambda m, d: d.ExpTransform(), (3, 4)),
    "log": (lambda m, d: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(2.0), d.ExpTransform().inv]), (3, 4)),
    "power": (
        lambda m, d: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(m.tensor([2.0, -1.5, 0.5, 3.0]))]), (3, 4)
    ),
    "power_of_a_number": (lambda m, d: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(1.5)]), (3, 4)),
    "sigmoid": (lambda m, d: d.SigmoidTransform(), (3, 4)),
    "softplus": (lambda m, d: d.SoftplusTransform(), (3, 4)),
    "tanh": (lambda m, d: d.TanhTransform(), (3, 4)),
    "softmax": (lambda m, d: d.SoftmaxTransform(), (3, 4)),
    "stick_breaking": (lambda m, d: d.StickBreakingTransform(), (3, 4)),
    "corr_cholesky": (lambda m, d: d.CorrCholeskyTransform(), (2, 6)),
    "lower_cholesky": (lambda m, d: d.LowerCholeskyTransform(), (2, 3, 3)),
    "positive_definite": (lambda m, d: d.PositiveDefiniteTransform(), (2, 3, 3)),
    "reshape": (lambda m, d: d.ReshapeTransform((4,), (2, 2)), (3, 4)),
    "independent": (lambda m, d: d.IndependentTransform(d.ExpTransform(), 1), (3, 4)),
    "composed": (
        lambda m, d: d.ComposeTransform([d.AffineTransform(0.0, 0.5), d.StickBreakingTransform(), d.ExpTransform()]),
        (3, 4),
    ),
    "identity": (lambda m, d: d.identity_transform, (3, 4)),
    "cat": (lambda m, d: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=-1, lengths=[1, 3]), (3, 4)),
    "cat_of_rows": (lambda m, d: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=0, lengths=[1, 2]), (3, 4)),
    "cat_of_ones": (lambda m, d: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=0), (2, 4)),
    "stack": (lambda m, d: d.StackTransform([d.ExpTransform(), d.SigmoidTransform()], dim=1), (3, 2, 2)),
    "cdf": (lambda m, d: d.CumulativeDistributionTransform(d.Normal(m.tensor(0.5), m.tensor(2.0))), (3, 4)),
}  # fmt: skip


def both(name: str, dtype: str = "float32") -> list[tuple[Any, Any]]:
    """The transform and a value for it in each of the two."""
    make, shape = TRANSFORMS[name]
    values = np.random.default_rng(1).normal(size=shape).astype(dtype)
    return [(make(m, m.distributions), m.from_numpy(values.copy()).requires_grad_()) for m in WORLDS]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TRANSFORMS)
def test_values_inverses_and_jacobians(name: str, dtype: str) -> None:
    found = []
    for transform, x in both(name, dtype):
        y = transform(x)
        weights = type(x)(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)).tolist()).to(y.dtype)
        (y * weights).sum().backward()
        jacobian = answer(lambda transform=transform, x=x, y=y: transform.log_abs_det_jacobian(x, y))
        inverse = answer(lambda transform=transform, y=y: transform.inv(y.detach()))
        back = answer(lambda transform=transform, x=x, y=y: transform.inv.log_abs_det_jacobian(y, x))
        found.append((y, x.grad, inverse, jacobian, back))
    (ours, theirs) = found
    for mine, other, what in zip(ours, theirs, ("values", "gradients", "inverse", "jacobian", "back"), strict=True):
        if isinstance(other, Exception):
            assert type(mine) is type(other), what
        else:
            assert_same(mine, other, 20 * RTOL[dtype], what)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_what_it_says_of_itself(name: str) -> None:
    (ours, _), (theirs, _) = both(name)
    for attribute in ("bijective", "sign", "event_dim", "domain", "codomain"):
        for mine, other in ((ours, theirs), (ours.inv, theirs.inv)):
            a, b = (answer(lambda t=t, attribute=attribute: getattr(t, attribute)) for t in (mine, other))
            if isinstance(b, torch.Tensor):
                assert a.tolist() == b.tolist()
            elif isinstance(b, Exception):
                assert type(a) is type(b), attribute
            else:
                assert repr(a) == repr(b), attribute
    assert repr(ours) == repr(theirs) and repr(ours.inv) == repr(theirs.inv)
    for domain in ("domain", "codomain"):
        mine, other = (answer(lambda t=t, domain=domain: getattr(t, domain).event_dim) for t in (ours, theirs))
        assert mine == other
        mine, other = (answer(lambda t=t, domain=domain: getattr(t, domain).is_discrete) for t in (ours, theirs))
        assert mine == other


@pytest.mark.parametrize("name", TRANSFORMS)
def test_shapes(name: str) -> None:
    (ours, x), (theirs, _) = both(name)
    for shape in (tuple(x.shape), (5, *x.shape), (), (4,), (3,), (6,), (2, 2), (2, 3)):
        for method in ("forward_shape", "inverse_shape"):
            mine = answer(getattr(ours, method), tinygrad_mlp.Size(shape))
            other = answer(getattr(theirs, method), torch.Size(shape))
            assert_same(mine, other, 0.0, f"{method} of {shape}")


@pytest.mark.parametrize("name", TRANSFORMS)
def test_caches(name: str) -> None:
    for transform, x in both(name):
        cached = transform.with_cache(1)
        assert cached.with_cache(1) is cached and cached.with_cache(0) is not cached
        y = cached(x)
        assert cached(x) is y
        if name != "identity":
            assert cached.inv(y) is x
        assert cached.inv.inv is cached
        assert transform.with_cache(0) is transform
        assert type(pickle.loads(pickle.dumps(transform))) is type(transform)


def test_equality() -> None:
    answers = []
    for m in WORLDS:
        d = m.distributions
        made = [
            d.ExpTransform(), d.ExpTransform(), d.AffineTransform(0.0, 1.0), d.AffineTransform(0.0, 1.0),
            d.AffineTransform(m.zeros(2), 1.0), d.AffineTransform(m.zeros(2), 1.0), d.AffineTransform(1.0, 1.0),
            d.PowerTransform(2.0), d.PowerTransform(2.0), d.PowerTransform(3.0), d.TanhTransform(),
            d.SigmoidTransform(), d.SoftplusTransform(), d.SoftmaxTransform(), d.StickBreakingTransform(),
            d.LowerCholeskyTransform(), d.PositiveDefiniteTransform(), d.AbsTransform(), d.identity_transform,
            d.ComposeTransform([d.ExpTransform()]), d.ComposeTransform([d.ExpTransform()]), d.ExpTransform().inv,
            d.ExpTransform().inv, d.CorrCholeskyTransform(), d.CorrCholeskyTransform(), d.ReshapeTransform((1,), ()),
        ]  # fmt: skip
        answers.append([[answer(lambda a=a, b=b: bool(a == b)) is True for a in made] for b in made])
    assert answers[0] == answers[1]


REFUSED = {
    "cache": lambda m, d: d.ExpTransform(cache_size=2),
    "event_dim": lambda m, d: d.ReshapeTransform((4,), (2, 2)).event_dim,
    "reshape": lambda m, d: d.ReshapeTransform((4,), (2, 3)),
    "cat": lambda m, d: d.CatTransform([1]),
    "cat_lengths": lambda m, d: d.CatTransform([d.ExpTransform()], lengths=[1, 2]),
    "cat_size": lambda m, d: d.CatTransform([d.ExpTransform()])(m.ones(2)),
    "cat_dim": lambda m, d: d.CatTransform([d.ExpTransform()], dim=2)(m.ones(2)),
    "cat_inverse": lambda m, d: d.CatTransform([d.ExpTransform()]).inv(m.ones(2)),
    "cat_jacobian": lambda m, d: d.CatTransform([d.ExpTransform()]).log_abs_det_jacobian(m.ones(1), m.ones(2)),
    "stack": lambda m, d: d.StackTransform([1]),
    "stack_size": lambda m, d: d.StackTransform([d.ExpTransform()])(m.ones(2)),
    "stack_dim": lambda m, d: d.StackTransform([d.ExpTransform()], dim=3)(m.ones(2)),
    "independent": lambda m, d: d.IndependentTransform(d.ExpTransform(), 2)(m.ones(2)),
    "base": lambda m, d: d.Transform()(m.ones(2)),
    "base_sign": lambda m, d: d.Transform().sign,
    "base_jacobian": lambda m, d: d.Transform().log_abs_det_jacobian(1, 2),
    "not_triangular": lambda m, d: d.CorrCholeskyTransform()(m.ones(5)),
    "tril_diag": lambda m, d: d.utils.tril_matrix_to_vec(m.ones(3, 3), 3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    assert_same(*(answer(lambda m=m: REFUSED[name](m, m.distributions)) for m in WORLDS), 0.0, name)


@pytest.mark.parametrize("diagonal", [-2, -1, 0, 1, 2])
def test_triangles_as_vectors(diagonal: int) -> None:
    matrix = np.arange(1.0, 19.0, dtype="float32").reshape(2, 3, 3)
    for name, argument in (("tril_matrix_to_vec", matrix), ("vec_to_tril_matrix", matrix.reshape(3, 6))):
        found = [answer(getattr(m.distributions.utils, name), m.from_numpy(argument.copy()), diagonal) for m in WORLDS]
        if isinstance(found[1], Exception):
            assert isinstance(found[0], Exception)
        else:
            assert_same(*found, 0.0, name)


CONSTRAINTS: dict[str, Any] = {
    "boolean": lambda m, c: c.boolean, "corr_cholesky": lambda m, c: c.corr_cholesky,
    "greater_than": lambda m, c: c.greater_than(0.5), "greater_than_eq": lambda m, c: c.greater_than_eq(m.tensor(0.5)),
    "half_open_interval": lambda m, c: c.half_open_interval(-1.0, 1.0), "less_than": lambda m, c: c.less_than(1.0),
    "integer_interval": lambda m, c: c.integer_interval(0, 2), "interval": lambda m, c: c.interval(-0.5, 1.0),
    "unit_interval": lambda m, c: c.unit_interval, "lower_cholesky": lambda m, c: c.lower_cholesky,
    "lower_triangular": lambda m, c: c.lower_triangular, "multinomial": lambda m, c: c.multinomial(2),
    "nonnegative": lambda m, c: c.nonnegative, "nonnegative_integer": lambda m, c: c.nonnegative_integer,
    "one_hot": lambda m, c: c.one_hot, "positive": lambda m, c: c.positive,
    "positive_definite": lambda m, c: c.positive_definite, "positive_integer": lambda m, c: c.positive_integer,
    "positive_semidefinite": lambda m, c: c.positive_semidefinite, "real": lambda m, c: c.real,
    "real_vector": lambda m, c: c.real_vector, "simplex": lambda m, c: c.simplex, "square": lambda m, c: c.square,
    "symmetric": lambda m, c: c.symmetric, "independent": lambda m, c: c.independent(c.positive, 2),
    "cat": lambda m, c: c.cat([c.positive, c.real], dim=-1, lengths=[1, 2]),
    "stack": lambda m, c: c.stack([c.positive, c.real, c.boolean], dim=-1),
    "stack_of_vectors": lambda m, c: c.stack([c.simplex, c.real_vector, c.one_hot], dim=-2),
    "mixture": lambda m, c: c.MixtureSameFamilyConstraint(c.positive), "dependent": lambda m, c: c.dependent,
    "dependent_here": lambda m, c: c.dependent(is_discrete=True, event_dim=1),
    "mixture_of_vectors": lambda m, c: c.MixtureSameFamilyConstraint(c.simplex),
}  # fmt: skip
_SQUARE = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 1.0]])
VALUES = [
    np.array([0.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.5]), np.array([0.0, 1.0, 0.0]), np.array([np.nan, -1.0, 0.5]),
    np.eye(3), _SQUARE, -_SQUARE, np.linalg.cholesky(_SQUARE), np.tril(np.ones((3, 3))), np.ones((2, 3)),
    np.stack([_SQUARE, np.zeros((3, 3))]), np.array([0.2, 1.5, 1.0]), np.array(0.5),
]  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints(name: str) -> None:
    (ours, theirs) = (CONSTRAINTS[name](m, m.distributions.constraints) for m in WORLDS)
    assert repr(ours) == repr(theirs)
    for attribute in ("is_discrete", "event_dim"):
        assert_same(*(answer(lambda c=c, a=attribute: getattr(c, a)) for c in (ours, theirs)), 0.0, attribute)
    for i, value in enumerate(VALUES):
        mine = answer(ours.check, tinygrad_mlp.from_numpy(value.copy()))
        other = answer(theirs.check, torch.from_numpy(value.copy()))
        if isinstance(other, Exception) and not isinstance(other, AssertionError):  # a value of too few dimensions
            continue
        assert_same(mine, other, 0.0, f"value {i}")
    assert WORLDS[0].distributions.constraints.is_dependent(ours) == WORLDS[1].distributions.constraints.is_dependent(
        theirs
    )


REFUSED_CONSTRAINTS = {
    "independent": lambda m, c: c.independent(1, 1),
    "independent_type": lambda m, c: c.independent(c.real, 1.0),
    "independent_negative": lambda m, c: c.independent(c.real, -1),
    "independent_dims": lambda m, c: c.independent(c.real, 2).check(m.ones(3)),
    "mixture": lambda m, c: c.MixtureSameFamilyConstraint(1),
    "cat": lambda m, c: c.cat([1]),
    "cat_lengths": lambda m, c: c.cat([c.real], lengths=[1, 2]),
    "cat_dim": lambda m, c: c.cat([c.real], dim=1).check(m.ones(1)),
    "stack": lambda m, c: c.stack([1]),
    "stack_dim": lambda m, c: c.stack([c.real], dim=1).check(m.ones(1)),
    "dependent": lambda m, c: c.dependent.check(m.ones(1)),
    "base": lambda m, c: c.Constraint().check(m.ones(1)),
    "register": lambda m, c: m.distributions.transform_to.register(1, 2),
    "no_transform": lambda m, c: m.distributions.transform_to(c.boolean),
    "no_bijection": lambda m, c: m.distributions.biject_to(c.lower_cholesky),
}


@pytest.mark.parametrize("name", REFUSED_CONSTRAINTS)
def test_refusals_of_constraints(name: str) -> None:
    found = [answer(lambda m=m: REFUSED_CONSTRAINTS[name](m, m.distributions.constraints)) for m in WORLDS]
    assert_same(*found, 0.0, name)


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_transforms_to_constraints(name: str, registry: str) -> None:
    shapes = {
        "corr_cholesky": (6,),
        "lower_cholesky": (3, 3),
        "positive_definite": (3, 3),
        "positive_semidefinite": (3, 3),
    }
    found = []
    for m in WORLDS:
        constraint = CONSTRAINTS[name](m, m.distributions.constraints)
        transform = answer(lambda m=m, constraint=constraint: getattr(m.distributions, registry)(constraint))
        if isinstance(transform, Exception):
            found.append(transform)
            continue
        x = m.from_numpy(np.random.default_rng(0).normal(size=(3, *shapes.get(name, (3,)))))
        y = transform(x)
        assert name == "cat" or constraint.check(y).all()
        found.append((repr(transform), y))
    assert_same(*found, 1e-12)


def test_registering_a_constraint() -> None:
    for m in WORLDS:
        d = m.distributions

        class Even(d.constraints.Constraint):
            pass

        try:

            @d.transform_to.register(Even)
            def make(constraint: Any, d: Any = d) -> Any:
                return d.AffineTransform(0.0, 2.0)

            assert isinstance(d.transform_to(Even()), d.AffineTransform)
        finally:
            del d.transform_to._registry[Even]


def test_lazy_properties_and_broadcasting() -> None:
    for m in WORLDS:
        u = m.distributions.utils
        with m.no_grad():
            d = m.distributions.Bernoulli(logits=m.zeros(2, requires_grad=True))
            assert d.probs.requires_grad and d.probs is d.probs
        assert [tuple(x.shape) for x in u.broadcast_all(m.ones(3, 1), m.ones(2), 1.0)] == [(3, 2)] * 3
        assert u.broadcast_all(1, m.ones(2).double())[0].dtype == m.float64
    assert_same(*(answer(lambda m=m: m.distributions.utils.broadcast_all("a", m.ones(2))) for m in WORLDS), 0.0)
    x = np.array([-30.0, 0.0, 0.5, 1.0], "float32")
    for name, arguments in (
        ("logits_to_probs", (True,)),
        ("logits_to_probs", ()),
        ("clamp_probs", ()),
        ("probs_to_logits", (True,)),
        ("probs_to_logits", ()),
    ):
        assert_same(*(getattr(m.distributions.utils, name)(m.from_numpy(x.copy()), *arguments) for m in WORLDS), 1e-6)
