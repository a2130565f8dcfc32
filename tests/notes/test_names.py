"""The names that a note has for tensors: those of the program, found without running anything of it."""

from __future__ import annotations

import contextlib
import functools
import gc
import subprocess
import sys
import weakref

import pytest

import tinygrad_mlp as torch
from support import ROOT

pytestmark = pytest.mark.usefixtures("notes_on")
nn = torch.nn
of_the_file = torch.ones(2, 3)
HAS_NOTES = sys.version_info >= (3, 11)


@pytest.fixture
def notes_on(monkeypatch):
    monkeypatch.delenv("TINYGRAD_MLP_NOTES", raising=False)


def note_of(error):
    """The note of an exception, as one line; on Python 3.10, which has none, as it would begin."""
    notes = getattr(error, "__notes__", [])
    assert len(notes) == HAS_NOTES
    return notes[0] if notes else None


def refused(x):
    """What `x @ ones(1, 3)`, whose shapes never fit, is refused with."""
    with pytest.raises(RuntimeError) as caught:
        x @ torch.ones(1, 5)
    return caught.value


class Holder:
    def __init__(self, value):
        self.held = value

    def refused(self):
        try:
            self.held @ torch.ones(1, 5)
        except RuntimeError as error:
            return error


def in_a_list():
    x = [None, torch.ones(2, 3)]
    x[1] @ torch.ones(1, 5)


def in_a_tuple_in_a_dict():
    x = {"a": (torch.ones(2, 3),), 3: "three"}
    x["a"][0] @ torch.ones(1, 5)


def behind_a_long_list():
    many = list(range(100_000))
    x = Holder([many, torch.ones(2, 3)])
    x.held[1] @ torch.ones(1, 5)


def in_an_object():
    x = Holder(torch.ones(2, 3))
    x.held @ torch.ones(1, 5)


def in_the_object_itself():
    raise Holder(torch.ones(2, 3)).refused()


def in_the_file():
    of_the_file @ torch.ones(1, 5)


def in_the_function_around():
    x = torch.ones(2, 3)

    def inside():
        x @ torch.ones(1, 5)

    inside()


def in_a_comprehension():
    w = torch.ones(2, 3)
    return [w @ x for x in [torch.ones(1, 5)]]


def a_gradient():
    x = torch.ones(2, 3, requires_grad=True)
    x.sum().backward()
    x.grad @ torch.ones(1, 5)


def a_parameter_before_the_list_that_it_is_in():
    layer = nn.Linear(3, 2)
    parameters = list(layer.parameters())
    parameters[0] @ torch.ones(1, 5)


def a_parameter_of_named_modules():
    model = nn.Module()
    model.blocks = nn.ModuleDict({"first": nn.Sequential(nn.ReLU(), nn.Linear(3, 2))})
    model.blocks.first[1].weight @ torch.ones(1, 5)


def a_buffer():
    model = nn.Module()
    model.register_buffer("scale", torch.ones(2, 3))
    model.scale @ torch.ones(1, 5)


def a_view():
    x = torch.ones(6)
    x.view(2, 3) @ torch.ones(1, 5)


NAMES = {
    in_a_list: "`x[1]` (2, 3) float32, a constant",
    in_a_tuple_in_a_dict: "`x['a'][0]` (2, 3) float32, a constant",
    behind_a_long_list: "`x.held[1]` (2, 3) float32, a constant",
    in_an_object: "`x.held` (2, 3) float32, a constant",
    in_the_object_itself: "`self.held` (2, 3) float32, a constant",
    in_the_file: "`of_the_file` (2, 3) float32, a constant",
    in_the_function_around: "`x` (2, 3) float32, a constant",
    in_a_comprehension: "`w` (2, 3) float32, a constant",
    a_gradient: "`x.grad` (2, 3) float32, a constant",
    a_parameter_before_the_list_that_it_is_in: "`layer.weight` (2, 3) float32, a parameter",
    a_parameter_of_named_modules: "`model.blocks.first[1].weight` (2, 3) float32, a parameter",
    a_buffer: "`model.scale` (2, 3) float32, a constant",
    a_view: "The argument `input` (2, 3) float32, a view of `x`",
}


@pytest.mark.parametrize("program", NAMES, ids=lambda program: program.__name__)
def test_a_name(program):
    with pytest.raises(RuntimeError) as caught:
        program()
    note = note_of(caught.value)
    assert note is None or note.split("; ")[0] == NAMES[program]


def test_the_names_are_those_of_the_innermost_part_of_the_program():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)

        def forward(self, images):
            return self.layer(images)

    with pytest.raises(RuntimeError) as caught:
        nn.Sequential(Network())(torch.ones(2, 3))
    note = note_of(caught.value)
    assert note is None or note.startswith("`images` (2, 3) float32, a constant; `self.layer.weight` (2, 4)")


def test_a_refusal_in_a_hook_tells_of_the_hook():
    w = torch.ones(2, 3, requires_grad=True)

    def hook(cotangent):
        return cotangent @ torch.ones(1, 5)

    w.register_hook(hook)
    with pytest.raises(RuntimeError) as caught:
        (w * 2).sum().backward()
    note = note_of(caught.value)
    assert note is None or note.startswith("`cotangent` (2, 3) float32")


class Trap(type):
    """A class whose objects count whatever is done with them."""

    sprung: list[str] = []

    def __getattribute__(cls, name):
        Trap.sprung.append(f"class.{name}")
        return super().__getattribute__(name)

    def __instancecheck__(cls, instance):
        Trap.sprung.append("isinstance")
        return False


def springs(name):
    def method(self, *args):
        Trap.sprung.append(name)
        return object.__getattribute__(self, *args) if name == "__getattribute__" else NotImplemented

    return method


NAMES_OF_TRAPS = [
    "__repr__", "__str__", "__eq__", "__bool__", "__len__", "__iter__", "__contains__", "__getattribute__",
    "__getattr__", "__getitem__", "__format__", "__call__", "__index__", "__array__", "items", "keys", "values",
]  # fmt: skip


def trap(*bases):
    body = {name: springs(name) for name in NAMES_OF_TRAPS} | {"__class__": property(springs("__class__"))}
    body["__dict__"] = property(springs("__dict__"))
    return Trap("Trapped", bases, {**body, "__hash__": object.__hash__})


@pytest.mark.parametrize("bases", [(), (dict,), (list,), (str,), (int,)])
def test_nothing_of_the_program_runs(bases):
    class_ = trap(*bases)
    trapped = class_.__new__(class_)
    holder = Holder(trapped)
    elements, mapping = [trapped, holder], {"key": trapped, trapped: 1}
    y = torch.ones(1, 5)
    Trap.sprung.clear()
    try:
        torch.ones(2, 3) @ y  # the name of the first is looked for everywhere
    except RuntimeError as error:
        caught = error
    assert Trap.sprung == []
    note = note_of(caught)
    assert note is None or note.startswith("The argument `input` (2, 3) float32, a constant; `y` (1, 5) float32")
    assert elements[1] is holder and len(mapping) == 2


def test_properties_of_a_subclass_of_tensor_do_not_run():
    ran = []

    class Own(torch.Tensor):
        shape = dtype = grad = requires_grad = property(lambda self: ran.append("property"))

        def __repr__(self):
            ran.append("repr")
            return ""

    x = Own([1.0, 2.0])
    y = torch.ones(3)
    try:
        y @ x
    except RuntimeError as error:
        caught = error
    assert ran == []
    assert note_of(caught) is None or note_of(caught).startswith("`y` (3,) float32, a constant; `x` (2,) float32")


def test_variables_in_an_object_of_the_programs_own_are_not_asked():
    asked = []

    class Variables(dict):
        def items(self):
            asked.append("items")
            return super().items()

        def __iter__(self):
            asked.append("iter")
            return super().__iter__()

        def keys(self):
            asked.append("keys")
            return super().keys()

    with pytest.raises(RuntimeError) as caught:
        exec("y = torch.ones(3)\ny @ torch.ones(2)", {"torch": torch, "__name__": "program"}, Variables())
    assert asked == []
    assert note_of(caught.value) is None or note_of(caught.value).startswith("The argument `input` (3,)")


def test_nothing_is_kept_alive():
    def program():
        x = torch.ones(2, 3)
        reference = weakref.ref(x)
        with contextlib.suppress(RuntimeError):
            x @ torch.ones(1, 5)
        del x
        return reference()  # while the frame that was looked at still runs

    gc.disable()
    try:
        assert program() is None
    finally:
        gc.enable()


def test_the_dict_that_the_program_has_of_its_variables_is_left_to_it():
    x = torch.ones(2, 3)
    variables = locals()
    error = refused(x)
    with pytest.raises(RuntimeError):
        x @ torch.ones(1, 5)
    assert variables["x"] is x
    assert str(error).startswith("mat1 and mat2")


def test_they_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("TINYGRAD_MLP_NOTES", "0")
    assert not hasattr(refused(torch.ones(2, 3)), "__notes__")


def test_what_the_judges_catch_gets_none():
    inner = {"__name__": "tinygrad_mlp.testing.inner"}  # one of the judges, which catch what they compare
    exec("def outcome(call):\n try:\n  return call()\n except Exception as error:\n  return error", inner)
    error = inner["outcome"](functools.partial(torch.mm, torch.ones(2, 3), torch.ones(1, 5)))
    assert type(error) is RuntimeError
    assert not hasattr(error, "__notes__")


def test_an_exception_of_the_program_itself_gets_none():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise RuntimeError("grad can be implicitly created only for scalar outputs")

    loss = Double.apply(torch.ones((), requires_grad=True))
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    assert not hasattr(caught.value, "__notes__")


def test_a_note_that_fails_does_not_hide_the_refusal(monkeypatch):
    monkeypatch.setattr("tinygrad_mlp.notes.Scene", lambda *args: 1 / 0)
    error = refused(torch.ones(2, 3))
    assert str(error) == "mat1 and mat2 shapes cannot be multiplied (2x3 and 1x5)"
    assert not hasattr(error, "__notes__")


def test_the_traceback_prints_it():
    program = "import tinygrad_mlp as torch\ny = torch.ones(3, requires_grad=True)\ny.backward()\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8")
    lines = done.stderr.splitlines()
    refusal = lines.index("RuntimeError: grad can be implicitly created only for scalar outputs")
    assert lines[refusal + 1 :][:1] == ["`y` (3,) float32, a leaf that requires grad."] * HAS_NOTES


def test_the_room_is_loaded_when_something_is_raised():
    program = (
        "import sys, tinygrad_mlp as torch\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "(x * 2).sum().backward()\n"
        "print('tinygrad_mlp.notes' in sys.modules)\n"
        "try: x.backward()\n"
        "except RuntimeError: print('tinygrad_mlp.notes' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["False", str(HAS_NOTES)]


def test_the_example_of_the_readme_is_printed_as_it_stands_there():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Refusals that teach\n")[2].partition("\n## ")[0]
    program, printed = section.partition("```python\n")[2].split("```\n\n```text\n")
    program = f"import tinygrad_mlp as torch\n{program}"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8")
    expected = printed.partition("```")[0].splitlines()
    if not HAS_NOTES:
        del expected[1:]
    assert done.stderr.splitlines()[-len(expected) :] == expected
