"""UntypedStorage.from_file: the bytes of a file as memory; and what storages weigh."""

from __future__ import annotations

import sys

import pytest
import torch

import tinygrad_mlp

FRAMEWORKS = pytest.mark.parametrize("framework", [torch, tinygrad_mlp], ids=["torch", "tinygrad_mlp"])


@FRAMEWORKS
@pytest.mark.parametrize(("shared", "first"), [(False, 0), (True, 99)])
def test_a_shared_storage_writes_into_the_file(framework, shared, first, tmp_path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(bytes(range(10)))
    storage = framework.UntypedStorage.from_file(str(file), shared, 8)
    assert len(storage) == 8 and storage[2:5].tolist() == [2, 3, 4]
    x = framework.asarray(storage[2:6], dtype=framework.uint8)
    assert x.tolist() == [2, 3, 4, 5]
    storage[0] = 99
    assert storage[0] == 99
    del x, storage
    assert file.read_bytes()[0] == first and len(file.read_bytes()) == 10


@FRAMEWORKS
def test_what_is_refused(framework, tmp_path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"1234")
    from_file = framework.UntypedStorage.from_file
    assert len(from_file(str(file))) == 0
    with pytest.raises(RuntimeError, match=r"file <.*/bytes> size <4> is smaller than the required mapping size <5>"):
        from_file(str(file), False, 5)
    with pytest.raises(RuntimeError, match=r"unable to open file <.*/none> in read-only mode: No such file or dir"):
        from_file(str(tmp_path / "none"), False, 4)


def test_safetensors_reads_files_into_it(tmp_path) -> None:
    """What the library safetensors.torch does, which asks for torch: in a process of its own."""
    import subprocess
    import sys

    from support.commands import environment

    program = tmp_path / "program.py"
    program.write_text(
        "import torch, safetensors.torch as files\n"
        "files.save_file({'a': torch.ones(2, 3), 'b': torch.arange(4)}, 'x.safetensors', metadata={'k': 'v'})\n"
        "read = files.load_file('x.safetensors')\n"
        "net, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)\n"
        "files.save_model(net, 'y.safetensors')\n"
        "print(read['a'], read['b'], files.load_model(other, 'y.safetensors'), torch.equal(net.weight, other.weight))\n"
    )
    command = [sys.executable, "-m", "tinygrad_mlp", "run", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tensor([[1., 1., 1.],\n        [1., 1., 1.]]) tensor([0, 1, 2, 3]) (set(), []) True\n"


@FRAMEWORKS
def test_the_size_of_a_storage_counts_its_memory(framework) -> None:
    empty, x = framework.ones(0), framework.ones(2, 5, dtype=framework.int64)[1:]
    assert sys.getsizeof(x.untyped_storage()) - sys.getsizeof(empty.untyped_storage()) == 80
