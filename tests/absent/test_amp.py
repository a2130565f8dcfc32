"""Mixed precision and GradScaler, held against torch without a GPU; what torch would do on a CPU is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

import tinygrad_mlp
from support.two_worlds import assert_alike, run

ALIKE = """
is_autocast_enabled(), is_autocast_enabled("cpu"), is_autocast_enabled("mps"), is_autocast_cache_enabled()
[str(get_autocast_dtype(kind)) for kind in ("cpu", "cuda", "ipu", "xpu", "mps", "hpu", "mtia", "xla", "maia")]
get_autocast_dtype("foo")
get_autocast_dtype("meta")
get_autocast_dtype("vulkan")
is_autocast_enabled("foo")
is_autocast_enabled("meta")
is_autocast_enabled(1)
is_autocast_enabled("cuda:0")
set_autocast_enabled("meta", True)
set_autocast_enabled("x", True)
set_autocast_dtype(1, float16)
set_autocast_enabled(True), is_autocast_enabled(), set_autocast_enabled("cuda", False), is_autocast_enabled("cuda")
set_autocast_enabled("cpu", False), is_autocast_enabled("cpu")
set_autocast_dtype("cpu", float16), get_autocast_dtype("cpu"), set_autocast_dtype("cpu", bfloat16)
set_autocast_dtype("cpu", float32), set_autocast_dtype("cpu", bfloat16), get_autocast_dtype("cpu")
autocast_increment_nesting(), autocast_decrement_nesting(), clear_autocast_cache()
set_autocast_cache_enabled(False), is_autocast_cache_enabled(), set_autocast_cache_enabled(True)
amp.is_autocast_available("cpu"), amp.is_autocast_available("cuda"), amp.is_autocast_available("meta")
amp.is_autocast_available("foo")
amp.is_autocast_available(1)
autocast()
autocast(device("cpu"))
autocast("foo")
autocast("meta")
autocast("CPU")
inside(autocast("cpu", enabled=False))
inside(autocast("cuda"))
inside(autocast("cuda", dtype=float16, enabled=False))
inside(autocast("cuda", float16, True, False))
inside(autocast("mps"))
inside(autocast("xpu", cache_enabled=False))
inside(autocast("cpu", dtype=float32))
inside(autocast("cpu", dtype=float64))
inside(amp.autocast("cuda", enabled=False))
inside(cuda.amp.autocast())
inside(cuda.amp.autocast(enabled=False))
inside(cuda.amp.autocast(False, bfloat16))
inside(cpu.amp.autocast(False))
amp.autocast("cuda").fast_dtype, amp.autocast("cpu").fast_dtype, amp.autocast("cpu", float16)._enabled
cuda.amp.autocast().fast_dtype, cpu.amp.autocast().fast_dtype, cuda.amp.autocast(dtype=bfloat16).fast_dtype
autocast("cuda")(lambda x: x * 2)(ones(2))
autocast("mps")(lambda x: is_autocast_enabled("mps"))(1), is_autocast_enabled("mps")
amp.GradScaler().is_enabled(), amp.GradScaler().get_scale(), amp.GradScaler().state_dict()
amp.GradScaler(enabled=False).scale(3), amp.GradScaler(enabled=False).update(), amp.GradScaler("cuda").scale([1])
cuda.amp.GradScaler().is_enabled()
cuda.amp.GradScaler(enabled=False).is_enabled()
cpu.amp.GradScaler().get_scale()
amp.GradScaler("cpu").state_dict(), amp.GradScaler("cpu", init_scale=3.0).get_scale()
amp.GradScaler("cpu", growth_factor=1.0)
amp.GradScaler("cpu", backoff_factor=1.0)
amp.GradScaler("cpu").scale(ones(2)), amp.GradScaler("cpu").scale([ones(2), (ones(1),)])
amp.GradScaler("cpu").scale(ones((), dtype=float16)).dtype, amp.GradScaler("cpu").scale(ones(2, dtype=float16)).dtype
list(amp.GradScaler("cpu").scale({ones(1): 1}))
amp.GradScaler("cpu").scale(3)
amp.GradScaler("cpu").update()
amp.GradScaler("cpu").step(optim.SGD([ones(1, requires_grad=True)], lr=1.0))
amp.GradScaler("cpu").unscale_(optim.SGD([ones(1, requires_grad=True)], lr=1.0))
amp.GradScaler("cpu").load_state_dict({})
amp.GradScaler("cuda").load_state_dict({})
amp.grad_scaler.OptState.UNSCALED.value, amp.autocast_mode.autocast is autocast
"""


def names_of(world):
    class Names(dict):
        def __missing__(self, name):
            if name in ("str", "list"):
                raise KeyError(name)
            return getattr(world, name)

    def inside(context):
        with context as entered:
            kind = context.device
            found = (
                entered is context, world.is_autocast_enabled(kind), world.get_autocast_dtype(kind),
                world.is_autocast_cache_enabled(), (world.ones(2, 2) @ world.ones(2, 2)).dtype,
            )  # fmt: skip
        return (
            *found,
            world.is_autocast_enabled(kind),
            world.get_autocast_dtype(kind),
            world.is_autocast_cache_enabled(),
        )

    return Names(inside=inside)


@pytest.mark.parametrize("line", ALIKE.strip().splitlines())
def test_it_does_as_torch_without_a_gpu(line):
    def program(world):
        names = names_of(world)
        return eval(line, names, names)

    assert_alike(program)


@pytest.mark.parametrize(
    "line",
    [
        "is_autocast_cpu_enabled()", "set_autocast_cpu_enabled(False)", "get_autocast_cpu_dtype()",
        "get_autocast_gpu_dtype()", "set_autocast_cpu_dtype(bfloat16)", "set_autocast_gpu_dtype(float16)",
    ],
)  # fmt: skip
def test_old_names_warn_and_do_the_same(line):
    (theirs, (their_warning,)), (ours, (our_warning,)) = (
        run(lambda world: eval(line, {}, names_of(world)), world, 0) for world in (torch, tinygrad_mlp)
    )
    assert str(ours) == str(theirs) and our_warning[0] == their_warning[0] == "DeprecationWarning"
    assert their_warning[1].startswith(our_warning[1])  # torch adds where it was triggered in C++


@pytest.mark.parametrize(
    "line", ["cuda.amp.custom_fwd(f)(ctx, 2)", "cuda.amp.custom_fwd(cast_inputs=float32)(f)(ctx, 2)"]
)
def test_decorators_of_functions(line):
    class Context:
        pass

    def program(world):
        ctx = Context()
        names = names_of(world)
        names.update(f=lambda ctx, x: 3 * x, ctx=ctx)
        result = eval(line, names, names)
        return result, ctx._fwd_used_autocast

    assert_alike(program)


def test_a_function_with_decorators_is_differentiated():
    def program(world):
        class Square(world.autograd.Function):
            @staticmethod
            @world.amp.custom_fwd(device_type="cuda")
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            @world.amp.custom_bwd(device_type="cuda")
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return 2 * x * g

        x = world.tensor([3.0], requires_grad=True)
        Square.apply(x).backward()
        return x.grad

    assert_alike(program)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_what_torch_would_compute_in_half_precision_on_a_cpu_is_refused(dtype):
    block = tinygrad_mlp.autocast("cpu", dtype=getattr(tinygrad_mlp, dtype))
    text = (
        rf"^tinygrad_mlp has no autocast on the CPU, which would compute products in torch\.{dtype}: say enabled=False"
    )
    with pytest.raises(NotImplementedError, match=text), block:
        raise AssertionError("it was entered")
    with pytest.raises(NotImplementedError, match=text):
        block(len)([])
    assert not tinygrad_mlp.is_autocast_enabled("cpu")


def test_nor_can_it_be_switched_on():
    with pytest.raises(NotImplementedError, match="has no autocast on the CPU"):
        tinygrad_mlp.set_autocast_enabled("cpu", True)
    assert not tinygrad_mlp.is_autocast_enabled("cpu")


def test_each_thread_has_its_own():
    found = []
    with tinygrad_mlp.autocast("mps"):
        thread = threading.Thread(target=lambda: found.append(tinygrad_mlp.is_autocast_enabled("mps")))
        thread.start()
        thread.join()
        assert tinygrad_mlp.is_autocast_enabled("mps")
    assert found == [False]


def test_a_block_puts_back_what_was_before_when_it_raises():
    def program(world):
        world.set_autocast_enabled("mps", True)
        try:
            with world.autocast("mps", enabled=False, dtype=world.bfloat16), world.autocast("mps"):
                raise ValueError
        except ValueError:
            return world.is_autocast_enabled("mps"), world.get_autocast_dtype("mps")
        finally:
            world.set_autocast_enabled("mps", False)

    assert_alike(program)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [2.0**16, 1000.0])
def test_training_with_a_scaler(enabled, dtype, scale):
    """Steps whose gradients overflow are left out, and the scale follows, as in torch."""

    def program(world):
        scaler = world.amp.GradScaler("cpu", init_scale=scale, growth_interval=3, enabled=enabled)
        model = world.nn.Linear(3, 2, dtype=getattr(world, dtype))
        optimizer = world.optim.SGD(model.parameters(), lr=0.1)
        seen = []
        for step in range(8):
            optimizer.zero_grad()
            x = world.full((4, 3), float("inf") if step in (2, 6) and enabled else 0.5 * step, dtype=model.weight.dtype)
            loss = model(x).pow(2).mean()
            scaler.scale(loss).backward()
            if step % 2:
                scaler.unscale_(optimizer)
                world.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            seen.append(scaler.step(optimizer))
            scaler.update()
            seen += [scaler.get_scale(), dict(scaler.state_dict()), model.weight.detach().clone()]
        return seen

    assert_alike(program, rtol=1e-5 if dtype == "float32" else 1e-12, scale=1e-3)


ORDERS = """
scaler.unscale_(o); scaler.unscale_(o)
scaler.step(o); scaler.step(o)
scaler.step(o); scaler.unscale_(o)
scaler.step(o, closure=None)
scaler.update()
scaler.step(o); scaler.update(2.0); scaler.get_scale()
scaler.step(o); scaler.update(new_scale); scaler.get_scale()
scaler.step(o); scaler.update(two)
scaler.step(o); scaler.update(); scaler.unscale_(o); scaler.step(o); scaler.update(); scaler.state_dict()
o.param_groups[0]["params"].clear(); scaler.step(o)
p.grad = None; scaler.step(o)
half.step(oh)
scaler.set_growth_factor(3.0); scaler.get_growth_factor()
scaler.set_backoff_factor(0.1); scaler.get_backoff_factor()
scaler.set_growth_interval(1); scaler.step(o); scaler.update(); scaler.get_scale(), scaler.get_growth_interval()
scaler.load_state_dict({**scaler.state_dict(), "scale": 8.0, "_growth_tracker": 5}); scaler.state_dict()
"""


@pytest.mark.parametrize("line", ORDERS.strip().splitlines())
def test_calls_in_any_order(line):
    def program(world):
        p = world.ones(2, requires_grad=True)
        half = world.ones(2, dtype=world.float16, requires_grad=True)
        names = {
            "p": p, "o": world.optim.SGD([p], lr=0.5), "oh": world.optim.SGD([half], lr=0.5),
            "scaler": world.amp.GradScaler("cpu", init_scale=4.0), "half": world.amp.GradScaler("cpu"),
            "new_scale": world.tensor(16.0), "two": world.ones(2),
        }  # fmt: skip
        names["scaler"].scale(p.sum()).backward()
        names["half"].scale(half.sum()).backward()
        *statements, last = line.split("; ")
        exec("; ".join(statements), names)
        try:
            result = eval(last, names)
        except SyntaxError:
            result = exec(last, names)
        return result, p, p.grad

    assert_alike(program)


def test_a_compiled_step_refuses_a_scaler_that_is_enabled():
    torch = tinygrad_mlp
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = model(x).sum()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    scaler = torch.amp.GradScaler("cpu")
    with pytest.raises(torch.compiler.CannotRecord, match="changes its scale by the values of the gradients"):
        torch.compile(step)(torch.ones(3, 2))
    assert scaler.state_dict()["_growth_tracker"] == 0
    scaler = torch.amp.GradScaler(enabled=False)
    compiled = torch.compile(step)
    losses = [compiled(torch.ones(3, 2)).item() for _ in range(4)]
    np.testing.assert_allclose(np.diff(losses), -2.7, rtol=1e-5)


def test_the_cpu_knows_its_scaler_by_the_old_name():
    assert tinygrad_mlp.cuda.amp.grad_scaler.OptState is tinygrad_mlp.amp.grad_scaler.OptState
    with pytest.warns(FutureWarning, match=r"^`torch\.cpu\.amp\.GradScaler\(args\.\.\.\)` is deprecated"):
        assert isinstance(tinygrad_mlp.cpu.amp.GradScaler(), tinygrad_mlp.amp.GradScaler)
