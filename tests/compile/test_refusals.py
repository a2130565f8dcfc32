"""What a program cannot repeat is refused, with the user's line, and everything is put back."""

from __future__ import annotations

import copy
import time

import numpy as np
import pytest

import tinygrad_mlp as torch
from support.compiled import Snapshot, descent, trained
from support.unrepeatable import CHANGING, READING, counter, line_of
from tinygrad_mlp.compiler import CannotRecord, compile

F = torch.nn.functional
x = torch.tensor([[1.0, -2.0], [3.0, 4.0]])


# -- values that are read --------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items.pop(),
        lambda items: items.pop(0),
        lambda items: items.clear(),
        lambda items: items.append(4.0),
        lambda items: items.insert(0, 4.0),
        lambda items: items.__setitem__(slice(None), items[-2:]),
        lambda items: items.reverse(),
    ],
)
def test_a_list_that_the_step_changes_is_put_back(change):
    items = [1.0, 2, "a"]

    def step(x):
        change(items)
        return x * 2

    with pytest.raises(CannotRecord):
        compile(step)(x)
    assert items == [1.0, 2, "a"]
