"""Fourier transforms and what can be done with their results, held against torch line by line."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mlp
from support.two_worlds import assert_alike, refusal
from tinygrad_mlp.fft import ComplexTensor

ARGUMENTS = [
    (), (3,), (8,), (None, 0), (None, -1, "ortho"), (None, -1, "forward"), (None, -1, "backward"), (7, 0, "ortho"),
    (1,), (2, -2),
]  # fmt: skip
OF_SEVERAL: list[dict[str, Any]] = [
    {}, {"s": (2, 3)}, {"dim": (0, 2)}, {"s": (-1, 5), "dim": (1, -1)}, {"norm": "ortho"}, {"dim": 1},
]  # fmt: skip
REAL_IN = ("fft", "ifft", "rfft", "ihfft", "irfft", "hfft")
COMPLEX_IN = ("fft", "ifft", "irfft", "hfft")


def parts(found: Any) -> Any:
    """The real and the imaginary part of a result, and its dtype."""
    if isinstance(found, (list, tuple)):
        return [parts(x) for x in found]
    if hasattr(found, "is_complex") and found.is_complex():
        found = found.resolve_conj()
        return found.real.resolve_neg(), found.imag.resolve_neg(), str(found.dtype).rpartition(".")[2], found.shape
    return found


def inputs(torch: Any, grad: bool = False) -> tuple[Any, Any]:
    """A real tensor, and a complex one that is made of another."""
    x, y = torch.rand(2, 5, dtype=torch.float64), torch.rand(3, 4, dtype=torch.float64)
    if grad:
        x.requires_grad_(), y.requires_grad_()
    return x, y


@pytest.mark.parametrize("arguments", ARGUMENTS)
@pytest.mark.parametrize("name", REAL_IN)
def test_over_one_dimension(name: str, arguments: Any) -> None:
    def program(torch: Any) -> Any:
        x, y = inputs(torch)
        transform = getattr(torch.fft, name)
        found = [transform(x, *arguments)]
        if name in COMPLEX_IN:
            found.append(transform(torch.fft.fft(y), *arguments))
        return parts(found)

    assert_alike(program, rtol=1e-12)


@pytest.mark.parametrize("name", REAL_IN)
def test_gradients(name: str) -> None:
    def program(torch: Any) -> Any:
        x, y = inputs(torch, grad=True)
        transform = getattr(torch.fft, name)
        of_real = transform(x, 4, norm="ortho")
        loss = (of_real.real * torch.linspace(0, 1, of_real.shape[-1])).sum() + (of_real.abs() ** 2).sum()
        if name in COMPLEX_IN:
            z = torch.fft.fft(y)
            found = transform(z * z, 6)
            loss = loss + (found.abs() ** 3).sum() + found.real.sin().sum()
        (first,) = torch.autograd.grad(loss, x, create_graph=True)
        (second,) = torch.autograd.grad((first**2).sum(), x)
        loss.backward()
        return first.detach(), second, x.grad, y.grad

    assert_alike(program, rtol=1e-10)


@pytest.mark.parametrize("options", OF_SEVERAL)
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_over_several_dimensions(name: str, options: dict[str, Any]) -> None:
    def program(torch: Any) -> Any:
        return parts(getattr(torch.fft, name)(torch.rand(2, 3, 4, dtype=torch.float64), **options))

    assert_alike(program, rtol=1e-12)


@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2"])
def test_over_two_dimensions(name: str) -> None:
    def program(torch: Any) -> Any:
        x, transform = torch.rand(2, 3, 4, dtype=torch.float64), getattr(torch.fft, name)
        return parts([transform(x), transform(x, (4, 4), norm="forward"), transform(x, dim=(0, 1))])

    assert_alike(program, rtol=1e-12)


# Each is run with a real tensor x, complex ones z and w, and a real one r of their shape.
LINES = """
z + w, z - w, z * w, z / w, z @ w.mT, z.matmul(w.mT), -z
z + r, r + z, z - r, r - z, z * r, r * z, z / r, r / z
z + 2, 2 + z, z - 0.5, 0.5 - z, z * 3, 3 * z, z / 4, 4 / z, z * (1 + 2j), (1 + 2j) * z, z / (1 - 1j), (2j) / z, 1j - z
torch.add(z, w), torch.mul(r, z), torch.sub(r, z), torch.div(z, w), torch.matmul(z, w.mT), torch.div(r, z)
z.abs(), torch.abs(z), abs(z), z.angle(), z.conj(), z.real, z.imag, torch.sum(z), z.sum(0), z.mean(-1, keepdim=True)
z.unsqueeze(-2).expand_as(torch.fft.fft(torch.ones(3, 2, 4))), z.T, z.mT, z.t(), z.transpose(0, 1), z.permute(1, 0)
z[0], z[..., 1:], z[:, None], z.view(4, 3), z.reshape(-1), z.flatten(), z.flip(0), z.roll(1, 0), z.narrow(1, 1, 2)
z.repeat(2, 1), z.squeeze(), z.select(0, 1), z.diagonal(), z.cumsum(0), z.tril(), z.clone(), z.contiguous()
z.shape, z.size(), z.size(0), z.ndim, z.dim(), z.numel(), len(z), z.is_complex(), z.is_floating_point()
z.to(torch.complex64), z.to("cpu"), z.requires_grad, z.tolist(), z[0, 1].item(), complex(z[0, 0])
z.mul_(w), z, z.add_(1), z.sub_(r), z.div_(2j), z.copy_(w), z[0].copy_(r[0]), z
z.__setitem__(0, w[1]), z, z.__setitem__((1, 1), 2.0), z
z == w, z != w, z == z, torch.equal(z, w), torch.equal(z, z.clone())
z.unsqueeze(0).mul_(2), z
torch.fft.ifft(torch.fft.fft(x) * torch.fft.fft(x.flip(-1))).real
torch.fft.fft(torch.tensor([1, 2, 3])), torch.fft.rfft(torch.tensor([True, False]))
torch.fft.fftfreq(5, 0.5), torch.fft.fftfreq(4), torch.fft.rfftfreq(5, 0.1), torch.fft.fftfreq(0)
torch.fft.fftfreq(4, dtype=torch.float64), torch.fft.rfftfreq(4, requires_grad=True)
torch.fft.fftshift(x), torch.fft.ifftshift(x, 1), torch.fft.fftshift(x, (0, 1)), torch.fft.fftshift(z, dim=-1)
"""
REFUSED = """
torch.fft.fft(x, norm="x")
torch.fft.fft(x, 0)
torch.fft.fft(x, -2)
torch.fft.fft(x, dim=2)
torch.fft.fft(torch.tensor(1.0))
torch.fft.fft(torch.ones(0))
torch.fft.fft(x.half())
torch.fft.fft([1.0])
torch.fft.irfft(torch.ones(1))
torch.fft.rfft(z)
z @ r.mT
r @ z.mT
torch.matmul(r, z.mT)
z.matmul(r.mT)
torch.fft.ihfft(z)
torch.fft.rfftn(z)
torch.fft.fftn(x, dim=(0, 0))
torch.fft.fftn(x, s=(2,), dim=(0, 1))
torch.fft.fftn(x, s=(2, 2, 2))
torch.fft.rfftn(torch.tensor(1.0))
torch.fft.fft2(torch.ones(3))
torch.fft.fftfreq(4, dtype=torch.int64)
torch.fft.fftshift(x, dim=5)
"""


def names(torch: Any) -> dict[str, Any]:
    x, y = inputs(torch)
    return {"torch": torch, "x": x, "z": torch.fft.fft(y), "w": torch.fft.ifft(y + 1), "r": y + 2}


@pytest.mark.parametrize("line", LINES.strip().splitlines())
def test_complex_results(line: str) -> None:
    assert_alike(lambda torch: parts(eval(line, names(torch))), rtol=1e-6 if "complex64" in line else 1e-12, scale=1.0)


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_refusals(line: str) -> None:
    refusal(lambda torch: eval(line, names(torch)))


def test_what_complex_tensors_lack_is_refused_by_name() -> None:
    z = tinygrad_mlp.fft.fft(tinygrad_mlp.ones(3))
    with pytest.raises(NotImplementedError, match=r"torch\.sin of complex tensors is not in tinygrad_mlp"):
        tinygrad_mlp.sin(z)
    with pytest.raises(NotImplementedError, match=r"torch\.cat of complex tensors"):
        tinygrad_mlp.cat([z, z])
    assert repr(z[:1]) == "ComplexTensor([(3+0j)])"


def test_compiled() -> None:
    """A transform inside of a compiled step is recorded, and computed again with other numbers."""

    def step(x: Any) -> Any:
        return tinygrad_mlp.fft.ifft(tinygrad_mlp.fft.fft(x) * tinygrad_mlp.fft.fft(x)).real

    compiled = tinygrad_mlp.compile(step)
    for seed in range(3):
        tinygrad_mlp.manual_seed(seed)
        x = tinygrad_mlp.rand(4, dtype=tinygrad_mlp.float64)
        assert tinygrad_mlp.allclose(compiled(x), step(x), rtol=1e-12)
    assert isinstance(tinygrad_mlp.fft.fft(x), ComplexTensor)
