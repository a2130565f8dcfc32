"""compile: how it is called, what it takes and gives."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest

import tinygrad_mlp as torch
from support.compiled import batches, descent, mlp, repeated
from tinygrad_mlp.compiler import CannotRecord, compile

x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def test_a_function():
    step = compile(lambda x: (x * 2).sum())
    assert repeated(step, x).item() == 20.0
    assert [program.confirmed for program in step.programs] == [True]


def test_a_decorator():
    @compile
    def double(x):
        """Twice x."""
        return x * 2

    assert repeated(double, x).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert double.__name__ == "double" and double.__doc__ == "Twice x."
    assert "compiled double, programs: 1" in repr(double)


def test_a_decorator_with_options():
    @compile(fallback=True)
    def double(x):
        return x * 2

    assert repeated(double, x).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert len(double.programs) == 1


def test_a_method():
    class Trainer:
        def __init__(self):
            self.scale = 3.0

        def step(self, x):
            return x * self.scale

    trainer = Trainer()
    step = compile(trainer.step)
    assert repeated(step, x).tolist() == [[3.0, 6.0], [9.0, 12.0]]
    trainer.scale = 1.0
    assert repeated(step, x).tolist() == x.tolist()


def test_a_method_that_is_decorated():
    class Trainer:
        def __init__(self, scale):
            self.scale = scale

        @compile
        def step(self, x):
            return x * self.scale

    first, second = Trainer(2.0), Trainer(3.0)
    assert repeated(first.step, x).tolist() == (x * 2).tolist()
    assert repeated(second.step, x).tolist() == (x * 3).tolist()
    first.scale = 5.0
    assert repeated(first.step, x).tolist() == (x * 5).tolist()
    assert first.step.programs is not None and len(Trainer.step.programs) >= 2


def test_a_copy_of_a_compiled_model_is_compiled():
    torch.manual_seed(0)  # with other weights no hidden unit may be active, and the copy would give the same
    compiled = compile(mlp(2, 3, 2), fallback=True)
    with torch.no_grad():
        repeated(compiled, x)
        twin = copy.deepcopy(compiled)
        twin.function[0].weight.zero_()
        assert twin.programs == () and twin.fallback
        assert repeated(twin, x).tolist() == twin.function(x).tolist() != compiled(x).tolist()


def test_a_dict_with_objects_as_keys_is_refused():
    with pytest.raises(CannotRecord, match="`parts` is a dict"):
        compile(lambda parts: x)({x: x})
    with pytest.warns(UserWarning, match="runs eagerly"):
        assert compile(lambda parts: parts[x] * 2, fallback=True)({x: x}).tolist() == (x * 2).tolist()


def test_the_source_is_the_newest_program():
    step = compile(lambda x: x * 3)
    with pytest.raises(RuntimeError, match="call the step once"):
        step.source  # noqa: B018
    repeated(step, x)
    assert "x * 3" in step.source and step.source == step.programs[-1].source


def test_the_program_runs_and_not_the_function():
    calls = []

    def note(x):
        return x

    step = compile(lambda x: note(x) + 1)
    repeated(step, x)
    calls_before = step.programs
    step(x + 1)
    assert step.programs == calls_before and calls == []


# -- arguments -------------------------------------------------------------------------------------


def test_tensors_in_structures():
    step = compile(lambda pair, by_name, *, last: pair[0] * pair[1][0] + by_name["shift"] * last)
    args = (x, [x + 1]), {"shift": torch.tensor(2.0)}
    assert repeated(step, *args, last=x).tolist() == (x * (x + 1) + 2 * x).tolist()
    y = x * 3
    assert step((y, [x]), {"shift": torch.tensor(0.5)}, last=y).tolist() == (y * x + 0.5 * y).tolist()
    assert len(step.programs) == 1


def test_the_order_of_a_dict_counts():
    step = compile(lambda parts: sum(part * 10**i for i, part in enumerate(parts.values())))
    a, b = torch.tensor(1.0), torch.tensor(2.0)
    assert repeated(step, {"a": a, "b": b}).item() == 21.0
    assert repeated(step, {"b": b, "a": a}).item() == 12.0


def test_another_structure_is_another_program():
    step = compile(lambda parts: sum(part.sum() for part in parts))
    assert repeated(step, [x, x]).item() == 20.0
    assert repeated(step, [x, x, x]).item() == 30.0
    assert repeated(step, (x, x)).item() == 20.0
    assert len(step.programs) == 3


@pytest.mark.parametrize("first, second", [(2, 3), (2, 2.0), (1, True), ("sum", "mean"), (None, 0)])
def test_other_arguments_are_part_of_the_signature(first, second):
    def apply(x, option):
        if isinstance(option, str):
            return getattr(x, option)()
        return x if option is None else x * option

    step = compile(apply)
    for option in (first, second):
        result = repeated(step, x, option)
        assert (result.tolist(), result.dtype) == (apply(x, option).tolist(), apply(x, option).dtype)
    assert len(step.programs) == 2


@pytest.mark.parametrize(
    "other",
    [x.double(), torch.ones(1, 2), torch.ones(2, 2).t(), torch.ones(2, 4)[:, ::2], torch.ones(2, 2).requires_grad_()],
    ids=["dtype", "shape", "transposed", "strided", "requires_grad"],
)
def test_a_program_for_each_signature_of_a_tensor(other):
    step = compile(lambda x: (x.detach() * 2).sum())
    repeated(step, x)
    assert repeated(step, other).item() == (other * 2).sum().item()
    repeated(step, x)
    assert len(step.programs) == 2


def test_the_same_tensor_twice_is_not_two_tensors():
    def step(a, b):
        with torch.no_grad():
            a.add_(b)
        return a * b

    compiled = compile(step)
    for _ in range(3):
        a, b = torch.ones(2), torch.full((2,), 3.0)
        assert compiled(a, b).tolist() == [12.0, 12.0]
    for _ in range(3):
        a = torch.ones(2)
        assert compiled(a, a).tolist() == [4.0, 4.0]


def test_arguments_that_are_views_of_one_memory():
    def step(a, b):
        before = b * 2
        a.add_(1)
        return before, b * 2

    compiled = compile(step)
    for _ in range(3):
        compiled(torch.zeros(2), torch.ones(2))
    a = torch.zeros(4)
    before, after = compiled(a[:2], a[1:3])
    assert before.tolist() == [0.0, 0.0] and after.tolist() == [2.0, 0.0]


def test_an_argument_with_a_hook():
    compiled = compile(lambda x: (x * 2).sum().backward())
    for _ in range(3):
        compiled(torch.ones(2, requires_grad=True))
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda g: g * 5)
    with pytest.raises(CannotRecord, match="hooks"):
        compiled(x)
    assert x.grad is None


def test_a_smaller_last_batch_is_a_second_program():
    model = mlp(4, 5, 3)
    step = compile(descent(model, torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.CrossEntropyLoss()))
    (features, classes), *_ = batches(1)
    for _ in range(4):
        step(features, classes)
        step(features[:3].clone(), classes[:3].clone())
    assert len(step.programs) == 2


def test_the_cache_is_bounded():
    step = compile(lambda x, n: x * n)
    for n in range(20):
        assert repeated(step, x, float(n)).tolist() == (x * n).tolist()
    assert len(step.programs) == 16
    assert step(x, 0.0).tolist() == (x * 0).tolist()


def test_an_argument_on_the_tape_is_refused():
    step = compile(lambda x: (x * 2).detach())
    weight = torch.ones(2, requires_grad=True)
    with pytest.raises(CannotRecord, match="computed on the tape before"):
        step(weight * 2)


# -- results ---------------------------------------------------------------------------------------


def test_results_that_are_structures():
    step = compile(lambda x: {"both": (x + 1, [x * 2]), "none": None, "number": 3, "text": "a"})
    result = repeated(step, x)
    assert result["both"][0].tolist() == (x + 1).tolist()
    assert result["both"][1][0].tolist() == (x * 2).tolist()
    assert type(result["both"]) is tuple and type(result["both"][1]) is list
    assert (result["none"], result["number"], result["text"]) == (None, 3, "a")


def test_results_that_are_named():
    step = compile(lambda x: x.max(dim=1))
    result = repeated(step, x)
    assert result.values.tolist() == [2.0, 4.0] and result.indices.tolist() == [1, 1]


def test_an_empty_result():
    assert repeated(compile(lambda x: ()), x) == ()
    assert repeated(compile(lambda x: None), x) is None


def test_an_argument_as_result_is_that_argument():
    step = compile(lambda x, y: (y, x))
    repeated(step, x, x + 1)
    y, z = x + 2, x + 3
    first, second = step(y, z)
    assert first is z and second is y


def test_a_parameter_as_result_is_that_parameter():
    weight = torch.ones(2, requires_grad=True)
    step = compile(lambda: weight)
    assert repeated(step) is weight


def test_a_view_of_an_argument_shares_its_memory():
    step = compile(lambda x: x[0])
    repeated(step, x)
    y = torch.zeros(2, 2)
    row = step(y)
    y.fill_(7)
    assert row.tolist() == [7.0, 7.0]


def test_the_same_tensor_twice_in_a_result():
    def step(x):
        y = x + 1
        return y, y

    first, second = repeated(compile(step), x)
    assert first is second


class Pair(tuple):
    pass


class Holder:
    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize("kind", [Pair, Holder, set])
def test_an_object_made_by_the_step_as_result_is_refused(kind):
    step = compile(lambda x: kind((x + 1, x)))
    with pytest.raises(CannotRecord, match=f"returns a {kind.__name__}"):
        step(x)


def test_an_object_from_outside_as_result_is_that_object():
    kept = Holder(1)
    assert repeated(compile(lambda x: (kept, x.shape, x.dtype, "text")), x) == (kept, x.shape, x.dtype, "text")


# -- modules ---------------------------------------------------------------------------------------


def test_a_model_for_inference():
    model = mlp(2, 3, 1)
    compiled = compile(model)
    with torch.no_grad():
        for _ in range(3):
            assert compiled(x).tolist() == model(x).tolist()
        assert compiled(x * 2).tolist() == model(x * 2).tolist()
    assert len(compiled.programs) == 1
    assert compiled.parameters is not None and [*compiled.parameters()] == [*model.parameters()]


def test_a_model_whose_weights_are_trained_between_calls():
    model = mlp(2, 3, 1)
    compiled = compile(model)
    for i in range(5):
        with torch.no_grad():
            assert compiled(x).tolist() == model(x).tolist()
            for p in model.parameters():
                p.add_(0.1 * i)
    assert len(compiled.programs) == 1


def test_a_model_in_eval_and_train_mode():
    model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5))
    compiled = compile(model)
    with torch.no_grad():
        for mode in (True, False, True, False):
            model.train(mode)
            for _ in range(3):
                torch.manual_seed(1)
                state = {name: b.clone() for name, b in model.named_buffers()}
                ours = compiled(x)
                model.load_state_dict(state, strict=False)
                torch.manual_seed(1)
                assert ours.tolist() == model(x).tolist()
    assert len(compiled.programs) == 2


def test_a_model_under_inference_mode():
    model = mlp(2, 3, 1)
    compiled = compile(model)
    for _ in range(3):
        with torch.inference_mode():
            result = compiled(x)
        assert result.is_inference() and result.tolist() == model(x).tolist()


def test_the_first_random_numbers_of_a_process_are_drawn_by_a_step():
    """NumPy's own random numbers, which a step may not draw, come into being with the module that is loaded then."""
    program = (
        "import tinygrad_mlp as torch\n"
        "step = torch.compile(lambda x: x + torch.randn(2))\n"
        "a, b, c = (step(torch.zeros(2)).tolist() for _ in range(3))\n"
        "assert a != b != c"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_libraries_find_the_module_that_was_compiled():
    model = torch.nn.Linear(2, 1)
    assert torch.compile(model)._orig_mod is model
    assert not hasattr(torch.compile(lambda x: x), "_orig_mod")
