"""What has only its name: it can be imported, subclassed and asked for, and refuses in one line where it is used."""

from __future__ import annotations

import importlib
import pickle
import warnings
from types import ModuleType

import pytest
import torch

import tinygrad_mlp
from support.cpu_build import IS_CPU_BUILD
from support.two_worlds import refusal
from tinygrad_mlp.absent.layers import NAMES
from tinygrad_mlp.absent.rows import NotHere, is_only_a_name
from tinygrad_mlp.absent.table import MODULES

REFUSED = """
fx.symbolic_trace(len)
fx.Tracer()
fx.GraphModule(None, None)
fx.node.map_arg(1, len)
export.export(None, ())
jit.load("model.pt")
jit.save(None, "model.pt")
jit.ScriptModule()
onnx.export(None, (), "model.onnx")
distributed.init_process_group("gloo")
distributed.TCPStore("localhost", 1)
distributed.autograd.get_gradients(1)
distributed.autograd.context()
distributed.tensor.DTensor()
nn.parallel.DistributedDataParallel(None)
nn.parallel.scatter_gather.scatter(None, [0])
multiprocessing.spawn(len, nprocs=2)
hub.load("pytorch/vision", "resnet18")
hub.load_state_dict_from_url("http://localhost")
package.PackageImporter("a.pt")
profiler.profile()
autograd.profiler.profile()
utils.cpp_extension.load(name="a", sources=[])
library.custom_op("a::b", mutates_args=())
nested.nested_tensor([ones(2)])
sparse.softmax(ones(2, 2), 0)
cuda.sparse.FloatTensor(2)
masked.masked_tensor(ones(2), ones(2))
ao.quantization.quantize_dynamic(None)
quantization.QuantStub()
_C.Graph()
_C._functorch.is_batchedtensor(ones(2))
cpu.Stream()
"""


def evaluated(line):
    class Names(dict):
        def __missing__(self, name):
            return {"len": len}.get(name) or getattr(tinygrad_mlp, name)

    for name in ("autograd.profiler", "utils.cpp_extension", "nn.parallel"):
        importlib.import_module(f"tinygrad_mlp.{name}")
    return eval(line, {}, Names())


@pytest.mark.parametrize("line", REFUSED.strip().splitlines())
def test_it_refuses_in_one_line_with_its_name_and_a_reason(line):
    name = f"torch.{line.partition('(')[0]}"
    with pytest.raises(NotHere) as caught:
        evaluated(line)
    first, _, reason = str(caught.value).partition(" is not in tinygrad_mlp: ")
    assert reason and "\n" not in reason
    # A name that was taken from another module is called by the name that it has there.
    assert first == caught.value.name and first.rpartition(".")[2] == name.rpartition(".")[2]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_name_is_one_of_torch(module):
    """No name is made up: all that stand in the table stand in torch's modules, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its own deprecated functions when some modules are imported
        theirs = importlib.import_module(f"torch.{module}")
    ours = importlib.import_module(f"tinygrad_mlp.{module}")
    own = {name for name, value in vars(ours).items() if not isinstance(value, ModuleType) and name[:2] != "__"}
    assert not [name for name in own if not hasattr(theirs, name)]


@pytest.mark.parametrize("name", ["cuda.Stream", "fx.Node", "jit.ScriptModule", "jit.load", "cuda.FloatTensor"])
def test_hasattr_and_dir_know_what_has_a_name(name):
    module, _, short = name.rpartition(".")
    holder = importlib.import_module(f"tinygrad_mlp.{module}")
    assert hasattr(holder, short) and short in dir(holder) and short in holder.__all__


@pytest.mark.parametrize("module", ["cuda", "fx", "backends", "_C"])
def test_other_names_are_not_there(module):
    holder = importlib.import_module(f"tinygrad_mlp.{module}")
    assert not hasattr(holder, "nonsense")
    with pytest.raises(AttributeError, match=f"^module 'tinygrad_mlp.{module}' has no attribute 'nonsense'$"):
        holder.nonsense  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'nonsense'"):
        exec(f"from tinygrad_mlp.{module} import nonsense")


def test_a_class_without_instances_can_be_subclassed_and_named():
    fx = tinygrad_mlp.fx

    class Mine(fx.Tracer):
        def __init__(self):
            raise AssertionError("nothing is made")

    with pytest.raises(NotHere, match=r"^torch\.fx\.Tracer is not in tinygrad_mlp: "):
        Mine()
    assert not isinstance(tinygrad_mlp.nn.Linear(1, 1), (fx.GraphModule, tinygrad_mlp.jit.ScriptModule))
    assert fx.Node | None == fx.Node.__ror__(None) and fx.Node[int].__origin__ is fx.Node
    assert repr(fx.Node) == "<class 'tinygrad_mlp.fx.Node'>" and pickle.loads(pickle.dumps(fx.Node)) is fx.Node


@pytest.mark.parametrize(("module", "name"), [(m, n) for m in NAMES for row in NAMES[m] for n in row(m)])
def test_layers_of_other_networks_have_their_names(module, name):
    ours = getattr(importlib.import_module(f"tinygrad_mlp.{module}"), name)
    theirs = getattr(importlib.import_module(f"torch.{module}"), name)
    assert is_only_a_name(ours) and isinstance(ours, type) is isinstance(theirs, type)
    if isinstance(ours, type):
        assert issubclass(ours, tinygrad_mlp.nn.Module) is issubclass(theirs, torch.nn.Module)
        assert not isinstance(tinygrad_mlp.nn.Linear(1, 1), ours)
    with pytest.raises(
        NotHere, match=rf"^torch\.{module}\.{name} is not in tinygrad_mlp: it has (the layers of|sparse)"
    ):
        ours(2, 3)


def test_a_layer_can_be_derived_from_one_that_has_only_its_name():
    class Mine(tinygrad_mlp.nn.Conv2d):
        pass

    assert issubclass(Mine, tinygrad_mlp.nn.Module) and not is_only_a_name(Mine)
    with pytest.raises(NotHere, match=r"^torch\.nn\.Conv2d is not in tinygrad_mlp"):
        Mine(1, 2, 3)


def test_what_has_only_its_name_can_be_told_before_it_is_called():
    names = tinygrad_mlp.sparse.softmax, tinygrad_mlp.fx.Node, tinygrad_mlp.jit.load
    assert all(map(is_only_a_name, names))

    class Mine(tinygrad_mlp.fx.Tracer):
        pass

    others = (
        tinygrad_mlp.cuda.is_available, tinygrad_mlp.cuda.synchronize, tinygrad_mlp.cuda.Stream,
        tinygrad_mlp.jit.script, tinygrad_mlp.nn.Linear, tinygrad_mlp.relu, Mine, 3,
    )  # fmt: skip
    assert not any(map(is_only_a_name, others))


def test_what_is_raised_is_a_not_implemented_error():
    assert issubclass(NotHere, NotImplementedError)
    copy = pickle.loads(pickle.dumps(NotHere("text", "torch.fx.Node")))
    assert (str(copy), copy.name) == ("text", "torch.fx.Node")


def test_what_makes_sparse_tensors_of_other_layouts_refuses_by_its_name():
    for kind in ("bsc", "bsr", "compressed", "csc"):
        name = f"sparse_{kind}_tensor"
        assert hasattr(torch, name) and name in dir(tinygrad_mlp) and is_only_a_name(getattr(tinygrad_mlp, name))
        with pytest.raises(
            NotHere, match=rf"torch\.{name} is not in tinygrad_mlp: its sparse tensors are in coordinates or by"
        ):
            getattr(tinygrad_mlp, name)([[0]], [1.0])


def test_the_types_of_tensors_on_a_gpu_refuse_in_torchs_words():
    for name in ("FloatTensor", "HalfTensor", "LongTensor", "BoolTensor"):
        if IS_CPU_BUILD:
            refusal(lambda world, name=name: getattr(world.cuda, name)(2))
        with pytest.raises(TypeError, match=f"type torch.cuda.{name} not available. Torch not compiled with CUDA"):
            getattr(tinygrad_mlp.cuda, name)(2)
        assert issubclass(getattr(tinygrad_mlp.cuda, name), object) and isinstance(getattr(torch.cuda, name), type)
