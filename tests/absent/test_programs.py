"""What can stay in a program: TorchScript that gives a function back, futures, and Python's own processes."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

import tinygrad_mlp
from support import ROOT
from support.two_worlds import assert_alike

USES = ["script(f)", "trace(f, torch.ones(1))", "script(model)", "trace(model, torch.ones(1, 2))", "script(Kind)"]


@pytest.mark.parametrize("use", USES)
def test_what_is_scripted_or_traced_is_given_back(use, monkeypatch):
    monkeypatch.setattr(tinygrad_mlp.messages, "_said", set())

    class Kind:
        pass

    names = {"f": lambda x: x + 1, "model": tinygrad_mlp.nn.Linear(2, 1), "Kind": Kind, "torch": tinygrad_mlp}
    function = use.partition("(")[0]
    with pytest.warns(UserWarning, match=rf"^torch\.jit\.{function} gives back what it was given: ") as seen:
        found = eval(f"torch.jit.{use}", names)
        assert eval(f"torch.jit.{use}", names) is found
    assert len(seen) == 1  # the second time it is known
    assert found is names[use.partition("(")[2].partition(",")[0].rstrip(")")]


def test_a_script_reads_as_it_did():
    program = """
import tinygrad_mlp as torch

@torch.jit.script
def f(x: torch.Tensor, y: int = 2) -> torch.Tensor:
    return x * y

class Net(torch.nn.Module):
    scale: torch.jit.Final[int]

    def __init__(self):
        super().__init__()
        self.scale = 3

    @torch.jit.export
    def forward(self, x):
        if torch.jit.is_scripting():
            return x
        return f(x, self.scale)

    @torch.jit.ignore
    def note(self): pass

    @torch.jit.unused
    def other(self): pass

    @torch.jit.ignore(drop=True)
    def third(self): pass

print(torch.jit.trace(Net(), torch.ones(2))(torch.ones(2)), torch.jit.script(Net())(torch.ones(1)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    assert done.stdout == "tensor([3., 3.]) tensor([3.])\n"
    assert done.stderr.count("UserWarning: torch.jit.script gives back") == 1
    assert done.stderr.count("UserWarning: torch.jit.trace gives back") == 1


FUTURES = """
f.done(), g.done()
f.wait(), f.value(), f.set_result(2)
g.set_result(3), g.done(), g.wait(), g.value()
g.set_exception(ValueError("a")), g.done()
g.set_exception(ValueError("a")), g.wait()
g.set_exception(ValueError("a")), g.value()
g.set_exception(3)
f.then(lambda x: x.wait() + 1).wait()
[h := g.then(lambda x: x.wait() + 1), h.done(), g.set_result(4), h.done(), h.wait()][1:]
[seen := [], g.add_done_callback(lambda x: seen.append(x.wait())), g.set_result(4)][0]
futures.wait_all([f, f])
futures.wait_all([])
[h := futures.collect_all([f, g]), h.done(), g.set_result(5), h.done(), [x.wait() for x in h.wait()]][1:]
futures.collect_all([]).wait()
g.set_exception(ValueError("a")), futures.wait_all([f, g])
"""


@pytest.mark.parametrize("line", FUTURES.strip().splitlines())
def test_futures(line):
    def program(world):
        f, g = world.futures.Future(), world.futures.Future()
        f.set_result(1)
        return eval(line, {"f": f, "g": g, "futures": world.futures})

    assert_alike(program)


def test_a_forked_function_is_called_at_once():
    jit = tinygrad_mlp.jit
    assert jit.wait(jit.fork(lambda x, y: x - y, 5, y=3)) == 2
    with pytest.raises(ValueError, match="invalid literal for int"):
        jit.wait(jit.fork(int, "a"))


def test_a_future_can_be_waited_for_in_another_thread():
    future = tinygrad_mlp.futures.Future(devices=None)
    found = []
    thread = threading.Thread(target=lambda: found.append(future.wait()))
    thread.start()
    future.set_result(7)
    thread.join(timeout=10)
    assert found == [7] and tinygrad_mlp.Future is tinygrad_mlp.futures.Future
    with pytest.raises(RuntimeError, match="the future has no result yet"):
        tinygrad_mlp.futures.Future().value()


def test_tensors_go_through_a_queue_as_copies():
    program = """
import tinygrad_mlp as torch
import tinygrad_mlp.multiprocessing as mp

def work(queue, x):
    x += 1
    queue.put(x * 2)

if __name__ == "__main__":
    x, queue = torch.ones(2), mp.get_context("fork").Queue()
    process = mp.get_context("fork").Process(target=work, args=(queue, x))
    process.start()
    print(queue.get(), x)
    process.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, encoding="utf-8", timeout=60
    )
    assert done.stdout == "tensor([4., 4.]) tensor([1., 1.])\n"
