"""What a program cannot repeat is refused, with the user's line, and everything is put back."""

from __future__ import annotations

import copy
import inspect
import itertools
import random
import time
import warnings

import numpy as np
import pytest
from compiled import assert_equal, descent, values

import tinygrad_mlp as torch
from tinygrad_mlp.compiler import CannotRecord, compile

F = torch.nn.functional
x = torch.tensor([[1.0, -2.0], [3.0, 4.0]])


def line_of(function, text):
    """Where a text stands in the source of a function: the words that a refusal says."""
    lines, start = inspect.getsourcelines(function)
    number = next(start + i for i, line in enumerate(lines) if text in line and "#here" in line.replace(" ", ""))
    return f"line {number} of {__file__}"


# -- values that are read --------------------------------------------------------------------------


def item(h):
    return h * h.sum().item()  # here


def to_bool(h):
    return h if (h > 0).all() else -h  # here


def compared(h):
    return h * 2 if h.sum() > 1 else h  # here


def to_float(h):
    return h * float(h.sum())  # here


def to_int(h):
    return h * int(h.sum())  # here


def as_index(h):
    return h[h.sum().long()] if [0, 1][h.argmax() * 0] == 0 else h  # here


def printed(h):
    print(h)  # here
    return h


def formatted(h):
    return h, f"{h.sum():.3f}"  # here


def as_text(h):
    return h, str(h)  # here


def represented(h):
    return h, repr(h)  # here


def to_numpy(h):
    return h * torch.from_numpy(np.sort(h.detach().numpy()))  # here


def by_numpy(h):
    return h * torch.tensor(np.asarray(h.detach()))  # here


def to_list(h):
    return h * torch.tensor(h.tolist())  # here


def shape_by_values(h):
    return h[h > 0].sum()  # here


def nonzero(h):
    return torch.nonzero(h)  # here


def loop_by_value(h):
    while h.abs().sum() > 1:  # here
        h = h / 2
    return h


def contained(h):
    return h if 3.0 in h else -h  # here


def close_to(h):
    return h if torch.allclose(h, h + 1e-9) else -h  # here


def equal_to(h):
    return h if torch.equal(h, h * 1) else -h  # here


def array_as_text(h):
    return torch.tensor(len(str(h.detach().array)))  # here


def shaped_by_value(h):
    return torch.zeros(int(h.max()))  # here


def repeated_by_value(h):
    return [h for _ in range(h.max().long())]  # here


def copied(h):
    return copy.deepcopy(h.detach()) + torch.tensor(h.detach().numpy().copy())  # here


READING = [
    item, to_bool, compared, to_float, to_int, as_index, printed, formatted, as_text, represented, to_numpy, by_numpy,
    to_list, shape_by_values, nonzero, loop_by_value, contained, close_to, equal_to, array_as_text,
    shaped_by_value, repeated_by_value, copied,
]  # fmt: skip


class Snapshot:
    """All that a refused step must put back."""

    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
        self.before = self.seen()

    def seen(self):
        state = {
            f"{i}.{key}": values(s) for i, p in enumerate(self.model.parameters())
            for key, s in self.optimizer.state.get(p, {}).items()
        }  # fmt: skip
        tensors = [*self.model.parameters(), *self.model.buffers()]
        return {
            "values": [values(p) for p in tensors],
            "versions": [p._version for p in tensors],
            "grads": [values(p.grad) for p in tensors],
            "grad_ids": [id(p.grad) for p in tensors],
            "state": state,
            "states": len(self.optimizer.state),
            "lr": [group["lr"] for group in self.optimizer.param_groups],
            "lr_types": [type(group["lr"]).__name__ for group in self.optimizer.param_groups],
            "generator": np.array(torch.get_rng_state()),
            "training": [module.training for module in self.model.modules()],
        }

    def assert_put_back(self):
        assert_equal(self.seen(), self.before, place="after the refusal")


def trained():
    """A model with an optimiser that has state, and gradients that are there."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2), torch.nn.Dropout(0.5))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(x).sum().backward()
    optimizer.step()
    return model, optimizer


@pytest.mark.parametrize("when", ["early", "late"])
@pytest.mark.parametrize("read", READING, ids=lambda f: f.__name__)
def test_a_value_that_is_read(read, when, capsys):
    model, optimizer = trained()

    def step(x):
        out = model(x)
        if when == "early":
            read(out)
        out.sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        return read(model(x).detach())

    snapshot = Snapshot(model, optimizer)
    compiled = compile(step)
    with pytest.raises(CannotRecord) as refusal:
        compiled(x)
    assert line_of(read, "") in str(refusal.value)
    assert f"in {read.__name__}" in str(refusal.value)
    snapshot.assert_put_back()
    assert compiled.programs == () and capsys.readouterr().out == ""


def test_after_a_refusal_everything_works_as_before():
    model, optimizer = trained()
    twin, twin_optimizer = copy.deepcopy(model), None
    twin_optimizer = torch.optim.Adam(twin.parameters(), lr=0.01)
    twin_optimizer.load_state_dict(optimizer.state_dict())
    step, twin_step = (descent(m, o, F.mse_loss) for m, o in ((model, optimizer), (twin, twin_optimizer)))

    def reading(x):
        step(x, x)
        return model(x).sum().item()

    torch.manual_seed(1)
    with pytest.raises(CannotRecord):
        compile(reading)(x)
    ours = [step(x, x).item() for _ in range(3)]
    torch.manual_seed(1)
    assert ours == [twin_step(x, x).item() for _ in range(3)]


def test_an_error_in_the_step_is_the_users_own():
    weight = torch.ones(2, requires_grad=True)

    def step(x):
        with torch.no_grad():
            weight.add_(1)
        raise KeyError("mine")

    compiled = compile(step)
    with pytest.raises(KeyError, match="mine"):
        compiled(x)
    assert weight.tolist() == [2.0, 2.0]  # as eager leaves it
    assert (weight * 2).sum().item() == 8.0


# -- Python state that would freeze ----------------------------------------------------------------

COUNT = 0


class Counter:
    def __init__(self):
        self.n = 0


counter, log, table = Counter(), [], {}


def counts_in_an_attribute(h):
    counter.n += 1
    return h * counter.n


def counts_in_a_global(h):
    global COUNT
    COUNT += 1
    return h * COUNT


def appends(h):
    log.append(1)
    return h * len(log)


def fills_a_dict(h):
    table[len(table)] = 1
    return h * len(table)


def appends_tensors(h):
    log.append(h.detach())
    return log[-1] * 1


def draws_by_python(h):
    return h * random.random()


def decides_by_chance(h):
    return h * 2 if random.random() < 2 else h


def draws_by_numpy(h):
    return h * np.random.rand()


def draws_an_array_by_numpy(h):
    return h + torch.from_numpy(np.random.randn(2, 2).astype(np.float32))


def draws_by_numpys_generator(h, rng=np.random.default_rng(0)):  # noqa: B008
    return h * rng.random()


def reads_the_clock(h):
    return h * time.perf_counter()


def counts_in_an_iterator(h, counting=itertools.count(1)):  # noqa: B008
    return h * next(counting)


def returns_the_clock(h):
    return h * 1, time.perf_counter()


def returns_a_list_of_its_own(h):
    log.append(h.sum())
    return log


def counts_in_a_default(h, kept=[0]):  # noqa: B006
    kept[0] += 1
    return h * kept[0]


def counts_in_its_own_attribute(h):
    counts_in_its_own_attribute.n = getattr(counts_in_its_own_attribute, "n", 0) + 1
    return h * counts_in_its_own_attribute.n


def counts_on_its_class(h):
    Counter.total = getattr(Counter, "total", 0) + 1
    return h * Counter.total


CHANGING = [
    counts_in_an_attribute, counts_in_a_global, appends, fills_a_dict, appends_tensors, draws_by_python,
    decides_by_chance,
    draws_by_numpy, draws_an_array_by_numpy, draws_by_numpys_generator, reads_the_clock, counts_in_an_iterator,
    returns_the_clock, returns_a_list_of_its_own, counts_in_a_default, counts_in_its_own_attribute,
    counts_on_its_class,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGING, ids=lambda f: f.__name__)
def test_python_state_that_changes_is_refused_before_a_program_runs(change):
    step = compile(lambda x: change(x))
    with pytest.raises(CannotRecord):
        for _ in range(3):
            step(x)
    assert not any(program.confirmed for program in step.programs)


def test_a_counter_in_a_closure():
    n = 0

    def step(x):
        nonlocal n
        n += 1
        return x * n

    with pytest.raises(CannotRecord, match="changes `n`"):
        compile(step)(x)


def test_an_attribute_of_the_model_that_counts():
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * self.calls

    with pytest.raises(CannotRecord, match="calls"):
        compile(Counting())(x)


def test_the_name_of_what_changes_is_said():
    def step(x):
        counter.n += 1
        return x

    before = counter.n
    with pytest.raises(CannotRecord, match=r"changes `counter\.n`"):
        compile(step)(x)
    assert counter.n == before


def test_what_a_refused_step_did_to_containers_is_put_back():
    kept, names = [1, 2], {"a": 1}

    def step(x):
        kept.append(3)
        kept[0] = 5
        names["b"] = 2
        names["a"] += 1
        return x

    with pytest.raises(CannotRecord, match="changes"):
        compile(step)(x)
    assert kept == [1, 2] and names == {"a": 1}


def test_a_refusal_that_the_step_catches():
    weight = torch.ones(2)

    def step(x):
        weight.add_(1)
        try:
            return x * x.sum().item()
        except RuntimeError:
            return x

    compiled = compile(step)
    with pytest.raises(CannotRecord, match=r"item\(\)"):
        compiled(x)
    assert weight.tolist() == [1.0, 1.0]


def test_a_learning_rate_that_the_step_changes():
    model, optimizer = trained()

    def step(x):
        optimizer.param_groups[0]["lr"] *= 0.9
        return x

    snapshot = Snapshot(model, optimizer)
    with pytest.raises(CannotRecord, match="learning rate"):
        compile(step)(x)
    snapshot.assert_put_back()
    run = compile(step, fallback=True)
    with pytest.warns(UserWarning, match="learning rate"):
        run(x), run(x)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01 * 0.81)


def test_a_step_that_makes_an_argument_require_grad():
    def step(x):
        x.requires_grad_()
        (x * x).sum().backward()
        return x.grad

    argument = x.clone()
    with pytest.raises(CannotRecord, match="requires_grad"):
        compile(step)(argument)
    assert not argument.requires_grad and argument.grad is None


def test_a_refusal_of_the_second_call_puts_the_second_call_back():
    weight = torch.ones(2, requires_grad=True)

    def step(x):
        with torch.no_grad():
            weight.mul_(time.perf_counter() % 1)

    compiled = compile(step)
    compiled(x)
    before = weight.tolist()
    with pytest.raises(CannotRecord, match="different programs"):
        compiled(x)
    assert weight.tolist() == before


# -- tensors from nowhere, tensors on the tape -----------------------------------------------------


def test_tensors_from_an_iterator():
    batches = iter([torch.ones(2), torch.zeros(2), torch.ones(2)])
    with pytest.raises(CannotRecord, match="comes from somewhere that cannot be seen again"):
        compile(lambda: next(batches) * 2)()


def test_tensors_from_a_generator_that_makes_them():
    def batches():
        for n in range(10):
            yield torch.full((2,), float(n))

    source = batches()
    step = compile(lambda: next(source) * 2)
    with pytest.raises(CannotRecord):
        for _ in range(3):
            step()


def test_a_tensor_of_a_data_loader():
    data = torch.utils.data.TensorDataset(torch.arange(8.0).reshape(4, 2))
    loader = iter(torch.utils.data.DataLoader(data, batch_size=1))
    step = compile(lambda: next(loader)[0] * 2)
    with pytest.raises(CannotRecord):
        for _ in range(3):
            step()


def test_a_tensor_from_a_file(tmp_path):
    np.save(tmp_path / "x.npy", np.ones(2, np.float32))
    step = compile(lambda: torch.from_numpy(np.load(tmp_path / "x.npy")) * 2)
    with pytest.raises(CannotRecord):
        for i in range(3):
            step()
            np.save(tmp_path / "x.npy", np.full(2, i, np.float32))


def test_a_result_that_is_on_the_tape():
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(CannotRecord, match=r"still on the tape.*detach"):
        compile(lambda x: weight * x)(x)


def test_a_gradient_with_a_graph_that_outlives_the_step():
    weight = torch.ones(2, requires_grad=True)

    def step(x):
        (weight * weight).sum().backward(create_graph=True)

    with pytest.raises(CannotRecord, match="create_graph"):
        compile(step)(x)


def test_a_graph_from_outside():
    weight = torch.ones(2, requires_grad=True)
    hidden = weight.sum()
    step = compile(lambda: hidden.backward())
    with pytest.raises(CannotRecord, match="computed on the tape before the step"):
        step()
    assert weight.grad is None


def test_a_step_that_gives_a_parameter_other_memory():
    weight = torch.nn.Parameter(torch.ones(2))

    def step(x):
        weight.data = weight.data * 2
        return weight.sum().detach()

    with pytest.raises(CannotRecord, match="other memory"):
        compile(step)(x)
    assert weight.tolist() == [1.0, 1.0]


def test_a_step_that_freezes_a_parameter():
    weight = torch.nn.Parameter(torch.ones(2))

    def step(x):
        weight.requires_grad_(False)
        return (weight * x).sum()

    with pytest.raises(CannotRecord, match="requires_grad"):
        compile(step)(x)
    assert weight.requires_grad


def test_a_seed_from_the_operating_system():
    def step(x):
        torch.seed()
        return x + torch.randn(2, 2)

    with pytest.raises(CannotRecord, match=r"seed\(\)"):
        compile(step)(x)


# -- fallback --------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [f for f in READING if f is not array_as_text], ids=lambda f: f.__name__)
def test_fallback_runs_eagerly_with_one_warning(read):
    outcomes = []
    for wrapped in (False, True):
        torch.manual_seed(0)
        model, optimizer = trained()

        def step(x, model=model, optimizer=optimizer):
            out = model(x)
            out.pow(2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            return read(model(x).detach())

        run = compile(step, fallback=True) if wrapped else step
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [values(run(x)) for _ in range(5)]
        assert [str(w.message) for w in caught if "runs eagerly" in str(w.message)] == [str(w.message) for w in caught]
        assert len(caught) == wrapped
        if wrapped:
            assert caught[0].filename == __file__ and f"in {read.__name__}" in str(caught[0].message)
        outcomes.append((results, Snapshot(model, optimizer).before))
    for eager, ours in zip(outcomes[0][0], outcomes[1][0], strict=True):
        assert_equal(ours, eager)
    del outcomes[0][1]["grad_ids"], outcomes[1][1]["grad_ids"]
    assert_equal(outcomes[1][1], outcomes[0][1])


@pytest.mark.parametrize("change", CHANGING, ids=lambda f: f.__name__)
def test_fallback_of_changing_state(change):
    weight = torch.zeros(())

    def step(x):
        with torch.no_grad():
            weight.add_(1)
        change(x)
        return weight * 1

    compiled = compile(step, fallback=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = [compiled(x).item() for _ in range(5)]
    assert counts == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(caught) <= 1


def test_fallback_of_a_result_on_the_tape_can_be_differentiated():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda x: (weight * x).sum(), fallback=True)
    with pytest.warns(UserWarning, match="still on the tape"):
        step(x).backward()
    step(x).backward()
    assert weight.grad.tolist() == [8.0, 4.0]
    assert step.programs == ()


def test_fallback_of_a_step_that_can_be_recorded_is_a_program():
    step = compile(lambda x: x * 2, fallback=True)
    for _ in range(3):
        assert step(x).tolist() == (x * 2).tolist()
    assert step.programs[0].confirmed
