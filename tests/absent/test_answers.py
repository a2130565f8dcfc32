"""What the modules for devices, compilers and processes answer, held against torch without a GPU."""

from __future__ import annotations

import importlib

import pytest
import torch

import tinygrad_mlp
from support.cpu_build import IS_CPU_BUILD
from support.two_worlds import assert_alike, plain, run

from .cpu_build import RECORD

# Each line is run in both worlds: values, exceptions with their texts, and warnings must be the same.
ALIKE = """
cuda.is_available()
cuda.device_count(), cuda.is_initialized(), cuda.is_bf16_supported(), cuda.is_tf32_supported()
cuda.memory_allocated(), cuda.memory_allocated(0), cuda.max_memory_allocated(), cuda.memory_reserved()
cuda.max_memory_reserved(), dict(cuda.memory_stats())
cuda.empty_cache(), cuda.manual_seed(1), cuda.manual_seed_all(1), cuda.seed(), cuda.seed_all()
cuda.get_rng_state_all(), cuda.set_rng_state_all([]), cuda.default_generators, cuda.get_arch_list()
cuda.get_gencode_flags(), cuda.has_half, cuda.has_magma
cuda.current_device()
cuda.synchronize()
cuda.synchronize("cuda")
cuda.init()
cuda.get_device_name(0)
cuda.get_device_capability()
cuda.get_device_properties(0)
cuda.current_stream()
cuda.default_stream()
cuda.mem_get_info()
cuda.get_rng_state()
cuda.initial_seed()
cuda.can_device_access_peer(0, 1)
cuda.set_per_process_memory_fraction(0.5)
cuda.ipc_collect()
cuda.cudart()
cuda.Event(enable_timing=True)
cuda.CUDAGraph()
cuda.Stream()
cuda.FloatTensor(2)
cuda.LongTensor([1])
cuda.FloatTensor.dtype, cuda.LongTensor.dtype, cuda.BoolTensor.dtype, cuda.HalfTensor.dtype
isinstance(ones(1), cuda.FloatTensor), isinstance(ones(1), (cuda.LongTensor, cuda.Stream))
cuda.nvtx.range_push("a")
cuda.nvtx.mark("a")
cuda.device(0).idx, cuda.device("cuda:1").idx, cuda.device(device("cuda", 2)).idx, cuda.device("cuda").idx
cuda.device("cpu")
cuda.device(0).__enter__()
cuda.device(-1).__enter__()
cuda.amp.amp_definitely_not_available()
issubclass(cuda.OutOfMemoryError, RuntimeError), OutOfMemoryError is cuda.OutOfMemoryError
ones(1).cuda()
nn.Linear(1, 1).cuda()
ones(1).to("cuda")
nn.Linear(1, 1).to("cuda")
xpu.is_available(), xpu.device_count(), xpu.is_initialized(), xpu.empty_cache(), xpu.manual_seed_all(1)
xpu.current_device()
xpu.synchronize()
xpu.set_device(0)
xpu.Event()
mps.is_available(), mps.device_count(), mps.manual_seed(0)
accelerator.is_available(), accelerator.device_count(), accelerator.current_accelerator()
accelerator.current_device_index()
accelerator.synchronize()
accelerator.empty_cache()
accelerator.memory_allocated()
mtia.is_available(), mtia.device_count()
cpu.is_available(), cpu.device_count(), cpu.current_device(), cpu.synchronize(), cpu.is_initialized()
backends.mps.is_available(), backends.mps.is_built(), backends.cuda.is_built(), backends.cusparselt.is_available()
backends.cudnn.is_available(), backends.cudnn.version(), backends.cudnn.enabled, backends.cudnn.allow_tf32
backends.cudnn.benchmark, backends.cudnn.deterministic, backends.cudnn.benchmark_limit, backends.fp32_precision
backends.cuda.matmul.allow_tf32, backends.cuda.matmul.allow_fp16_reduced_precision_reduction
backends.cuda.flash_sdp_enabled(), backends.cuda.math_sdp_enabled(), backends.cuda.mem_efficient_sdp_enabled()
backends.mkldnn.enabled, backends.mkldnn.deterministic, backends.mkldnn.allow_tf32, backends.mkl.VERBOSE_ON
backends.opt_einsum.is_available(), backends.opt_einsum.enabled, backends.opt_einsum.strategy
version.cuda, version.hip, version.xpu, version.debug
jit.is_scripting(), jit.is_tracing(), jit.onednn_fusion_enabled()
jit.annotate(int, 3), jit.Attribute(1, int).value, jit.Final[int], jit.Final
(lambda f: (jit.unused(f) is f, jit.ignore(f) is f, jit.ignore()(f) is f, jit.export(f) is f))(lambda x: x)
jit.script_if_tracing(len)([1, 2])
issubclass(jit.TracerWarning, Warning), issubclass(jit.Error, Exception)
jit.annotations.List, jit.annotations.Optional[int]
isinstance(nn.Linear(1, 1), jit.ScriptModule), isinstance(nn.Linear(1, 1), (fx.GraphModule, jit.ScriptFunction))
fx.wrap("len"), fx.wrap(len) is len
compiler.is_compiling(), compiler.is_dynamo_compiling(), compiler.is_exporting(), compiler.reset()
compiler.allow_in_graph(len) is len, compiler.disable(len)([1])
_dynamo.is_compiling(), _dynamo.allow_in_graph(len) is len, _dynamo.disable(len)([1]), _dynamo.reset()
_dynamo.external_utils.is_compiling(), onnx.is_in_onnx_export(), masked.is_masked_tensor(ones(1))
_C._get_tracing_state(), _C._log_api_usage_once("a"), _C._get_default_device(), _C.Size is Size, _C.dtype is dtype
_C._disabled_torch_function_impl(len, (), ([1, 2],), {}), _C._is_torch_function_mode_enabled()
_tensor.Tensor is Tensor, storage.UntypedStorage is UntypedStorage, _jit_internal.is_scripting()
distributed.is_initialized(), distributed.is_nccl_available(), distributed.is_torchelastic_launched()
distributed.get_rank()
distributed.get_world_size()
distributed.get_backend()
distributed.barrier()
distributed.all_reduce(ones(1))
distributed.all_gather([ones(1)], ones(1))
distributed.broadcast(ones(1), 0)
distributed.new_group([0])
distributed.Backend.GLOO, str(distributed.Backend("nccl")), distributed.group.WORLD, distributed.default_pg_timeout
distributed.GroupMember.NON_GROUP_MEMBER, distributed.ReduceOp.SUM == distributed.ReduceOp.SUM
distributed.ReduceOp.SUM == distributed.ReduceOp.MAX, distributed._rank_not_in_group(None)
multiprocessing.get_sharing_strategy(), sorted(multiprocessing.get_all_sharing_strategies())
type(multiprocessing.get_context("spawn")), multiprocessing.cpu_count(), multiprocessing.Process
multiprocessing.set_sharing_strategy("file_descriptor")
profiler.ProfilerActivity.CPU.value, profiler.ProfilerActivity.CUDA.name, profiler.ProfilerAction.RECORD.value
profiler.record_function("a").name, autograd.profiler.record_function is profiler.record_function
hub.get_dir(), hub.HASH_REGEX.search("resnet18-f37072fd.pth").group(1)
nn.DataParallel(nn.Linear(2, 1))
nn.DataParallel(nn.Linear(2, 1)).device_ids, list(nn.DataParallel(nn.Linear(2, 1)).state_dict())
nn.DataParallel(nn.Linear(2, 1), device_ids=[0])(ones(3, 2)), nn.parallel.DataParallel is nn.DataParallel
nn.parallel.data_parallel(nn.Linear(1, 1), ones(1, 1))
quasirandom.SobolEngine.MAXDIM, utils.cpp_extension.CUDA_HOME
"""
IMPORTED = (
    "_dynamo.external_utils", "accelerator", "autograd.profiler", "compiler", "jit.annotations", "masked",
    "onnx", "quasirandom", "utils.cpp_extension",
)  # fmt: skip


def names_of(world):
    for name in IMPORTED:
        __import__(f"{world.__name__}.{name}")
    return _Names(world)


class _Names(dict):
    """The names of a framework, for `eval`; those of Python where it has none."""

    def __init__(self, world):
        super().__init__()
        self.world = world

    def __missing__(self, name):
        if name in ("sorted", "set", "list", "dict", "str", "type", "len", "isinstance", "issubclass", "int"):
            raise KeyError(name)
        try:
            return getattr(self.world, name)
        except AttributeError:
            raise KeyError(name) from None


@pytest.mark.parametrize("line", ALIKE.strip().splitlines())
def test_it_answers_as_torch_without_a_gpu(line):
    if line not in RECORD or IS_CPU_BUILD:
        assert_alike(lambda world: text_of(eval(line, {}, names_of(world))))
    if line in RECORD:  # torch's CUDA build says something else
        result, warned = run(lambda world: text_of(eval(line, {}, names_of(world))), tinygrad_mlp, 0)
        assert f"{plain(result)}{warned or ''}" == RECORD[line]


def test_the_record_is_of_lines_that_run():
    assert set(RECORD) <= set(ALIKE.strip().splitlines())


def text_of(result):
    """What is compared of a result: a module is compared by its text."""
    return (
        [repr(part) if "nn." in type(part).__module__ else part for part in result]
        if type(result) is tuple
        else (repr(result) if isinstance(result, (torch.nn.Module, tinygrad_mlp.nn.Module)) else result)
    )


# Torch's answers are those of its own build; these are the package's.
OURS = """
distributed.is_available() == False
distributed.is_gloo_available() == False
backends.mkl.is_available() == False
backends.mkldnn.is_available() == False
backends.openmp.is_available() == False
backends.cpu.get_cpu_capability() == "DEFAULT"
backends.quantized.engine == "none"
profiler.kineto_available() == False
profiler.supported_activities() == set()
version.__version__ == __version__
"NumPy" in __config__.show()
"threads" in __config__.parallel_info()
"""


@pytest.mark.parametrize("line", OURS.strip().splitlines())
def test_it_answers_for_itself_where_torch_has_what_it_has_not(line):
    assert eval(line, {}, names_of(tinygrad_mlp)) is True


@pytest.mark.parametrize(
    "setting", ["cudnn.benchmark", "cudnn.deterministic", "cudnn.enabled", "cudnn.allow_tf32", "cuda.matmul.allow_tf32"]
)
def test_settings_are_kept(setting):
    path, _, name = setting.rpartition(".")
    holder = eval(f"tinygrad_mlp.backends.{path}")
    before = getattr(holder, name)
    try:
        setattr(holder, name, not before)
        assert eval(f"tinygrad_mlp.backends.{setting}") is not before
    finally:
        setattr(holder, name, before)


@pytest.mark.parametrize(
    "block",
    [
        "backends.cudnn.flags(enabled=True, benchmark=True)", "cuda.stream(None)", "cuda.device(-1)",
        "cuda.device_of(ones(1))", "autograd.profiler.record_function('a')", "profiler.record_function('a')",
        "_C.DisableTorchFunctionSubclass()",
    ],
)  # fmt: skip
def test_blocks_that_change_nothing(block):
    def program(world):
        with eval(block, {}, names_of(world)):
            return world.ones(2) + 1

    assert_alike(program)


def test_multiprocessing_has_the_names_of_pythons_own_and_torchs():
    import multiprocessing

    assert not [name for name in torch.multiprocessing.__all__ if not hasattr(tinygrad_mlp.multiprocessing, name)]
    assert tinygrad_mlp.multiprocessing.Queue.__func__ is multiprocessing.Queue.__func__


def test_the_sharing_strategy_is_kept():
    def program(world):
        world.multiprocessing.set_sharing_strategy("file_system")
        try:
            return world.multiprocessing.get_sharing_strategy()
        finally:
            world.multiprocessing.set_sharing_strategy("file_descriptor")

    assert_alike(program)
    with pytest.raises(AssertionError, match="invalid sharing strategy 'x', expected one of"):
        tinygrad_mlp.multiprocessing.set_sharing_strategy("x")


def test_the_folder_of_the_hub_can_be_set(tmp_path, monkeypatch):
    def program(world):
        world.hub.set_dir(tmp_path)
        return world.hub.get_dir()

    monkeypatch.setattr(importlib.import_module("tinygrad_mlp.absent.hub"), "_chosen", None)
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setenv("TORCH_HOME", "/somewhere")
    assert_alike(lambda world: world.hub.get_dir())
    assert_alike(program)


def test_a_named_part_of_a_program_is_a_decorator_too():
    def program(world):
        @world.profiler.record_function("twice")
        def twice(x):
            return x * 2

        return twice.__name__, twice(world.ones(2))

    assert plain(assert_alike(program))[0] == "twice"


def test_data_parallel_trains_the_module_itself():
    def program(world):
        world.manual_seed(0)
        module = world.nn.Linear(3, 2)
        parallel = world.nn.DataParallel(module)
        parallel(world.ones(4, 3)).sum().backward()
        return [parallel.module is module, module.weight.grad, dict(parallel.named_parameters())]

    assert_alike(program, rtol=1e-6)


def test_a_program_that_reports_its_errors_to_a_launcher_runs_as_it_is():
    def program(world):
        record = importlib.import_module(f"{world.__name__}.distributed.elastic.multiprocessing.errors").record
        return record(lambda x: x + 1)(2)

    assert plain(assert_alike(program)) == 3


def test_the_module_of_batch_normalisation_has_the_class_that_is_asked_for():
    def program(world):
        kind = importlib.import_module(f"{world.__name__}.nn.modules.batchnorm")._BatchNorm
        return isinstance(world.nn.BatchNorm1d(2), kind), isinstance(world.nn.LayerNorm(2), kind)

    assert plain(assert_alike(program)) == [True, False]
