"""The rows of the modules for compilers, processes, files and other kinds of tensors."""

from __future__ import annotations

import typing
from contextlib import nullcontext
from types import SimpleNamespace

from .rows import Row, answers, classes, errors, functions, gives_back, holds, taken

__all__ = ["MODULES"]

_NO_GRAPH = "only tinygrad_mlp.compile records a program, which is NumPy source and no graph of torch.fx"
_NO_TORCHSCRIPT = "there is no TorchScript"
_NO_EXPORT = "a compiled step of tinygrad_mlp.compile can be saved as a file of NumPy source instead"
_NO_ONNX = "there is no ONNX"
_NO_PROCESSES = "one process computes everything"
_NO_GROUP = (ValueError, "Default process group has not been initialized, please make sure to call init_process_group.")
_NO_NETWORK = "it loads nothing from the network; torch.load reads a file"
_NO_PROFILER = "Python's cProfile shows where the time goes"
_NO_NESTED = "there are no nested tensors"
_NO_MASKED = "there are no masked tensors"
_NO_QUANTIZATION = "there are no quantized dtypes"
_NO_LIBRARY = "operators are rows of its own table, and autograd.Function adds others"
_NO_PACKAGE = "torch.save writes a model to a file"
_NO_COMPILER = "there is no C++ to compile"


def _of_typing(names: str) -> Row:
    """Names that torch.jit has from Python's `typing`."""
    return lambda module: {short: getattr(typing, short) for short in names.split()}


MODULES: dict[str, tuple[Row, ...]] = {
    # -- compilers -----------------------------------------------------------------------------------
    "jit": (
        answers(False, "is_scripting is_tracing onednn_fusion_enabled"),
        answers(None, "set_fusion_strategy enable_onednn_fusion"),
        answers(nullcontext, "strict_fusion"),
        gives_back(
            "export ignore unused interface script_if_tracing script_method _overload _overload_method "
            "_script_if_tracing"
        ),
        functions("load save", _NO_TORCHSCRIPT),
        classes("ScriptModule ScriptFunction RecursiveScriptModule TracedModule CompilationUnit", _NO_TORCHSCRIPT),
        holds(Final=typing.Final),
        taken("absent.jit"),
        taken("absent.futures", "Future"),
    ),
    "jit.annotations": (_of_typing("Any Dict List Optional Tuple Union"),),
    "fx": (
        gives_back("wrap has_side_effect"),
        functions("symbolic_trace replace_pattern map_arg", _NO_GRAPH),
        classes("Graph GraphModule Interpreter Node Proxy Tracer Transformer CodeGen", _NO_GRAPH),
    ),
    "fx.graph": (taken("fx", "Graph CodeGen"),),
    "fx.graph_module": (taken("fx", "GraphModule"),),
    "fx.node": (taken("fx", "Node map_arg"), functions("map_aggregate", _NO_GRAPH)),
    "fx.proxy": (taken("fx", "Proxy"), classes("TraceError", _NO_GRAPH)),
    "fx._symbolic_trace": (taken("fx", "Tracer symbolic_trace wrap"), answers(False, "is_fx_tracing")),
    "export": (
        functions("export draft_export load save register_dataclass unflatten dims", _NO_EXPORT),
        classes(
            "ExportedProgram ExportGraphSignature ModuleCallEntry ModuleCallSignature ShapesCollection", _NO_EXPORT
        ),
        classes("Dim", _NO_EXPORT, AUTO="AUTO", DYNAMIC="DYNAMIC", STATIC="STATIC"),
    ),
    "_dynamo": (
        taken("compiler", "disable is_compiling allow_in_graph assume_constant_result reset"),
        answers(None, "graph_break mark_dynamic mark_static maybe_mark_dynamic mark_static_address"),
        answers(list, "list_backends"),
        functions("explain export optimize", "tinygrad_mlp.compile records steps as NumPy programs"),
        classes("OptimizedModule", "tinygrad_mlp.compile gives functions"),
        holds(config=SimpleNamespace(cache_size_limit=8, suppress_errors=False, verbose=False)),
    ),
    "_dynamo.eval_frame": (taken("_dynamo", "OptimizedModule"),),
    "_dynamo.external_utils": (taken("compiler", "is_compiling"),),
    "onnx": (
        answers(False, "is_in_onnx_export"),
        functions("export register_custom_op_symbolic", _NO_ONNX),
        classes("ONNXProgram", _NO_ONNX),
        classes("OperatorExportTypes", _NO_ONNX, ONNX=0, ONNX_ATEN=1, ONNX_ATEN_FALLBACK=2, ONNX_FALLTHROUGH=3),
        classes("TrainingMode", _NO_ONNX, EVAL=0, PRESERVE=1, TRAINING=2),
        errors("OnnxExporterError", RuntimeError),
    ),
    "library": (
        functions(
            "custom_op define fallthrough_kernel get_ctx impl impl_abstract infer_schema register_autocast "
            "register_fake register_torch_dispatch register_vmap triton_op wrap_triton",
            _NO_LIBRARY,
        ),
        classes("Library", _NO_LIBRARY),
    ),
    # -- processes -----------------------------------------------------------------------------------
    "distributed": (
        answers(
            False,
            "is_available is_initialized is_nccl_available is_gloo_available is_mpi_available is_ucc_available "
            "is_xccl_available is_backend_available is_torchelastic_launched _rank_not_in_group",
        ),
        functions(
            "get_rank get_world_size get_backend get_process_group_ranks barrier monitored_barrier all_reduce "
            "all_gather all_gather_object all_gather_into_tensor all_to_all all_to_all_single broadcast "
            "broadcast_object_list gather gather_object reduce reduce_scatter reduce_scatter_tensor scatter "
            "scatter_object_list send send_object_list recv recv_object_list isend irecv batch_isend_irecv new_group "
            "new_subgroups get_group_rank get_global_rank",
            _NO_GROUP,
        ),
        functions("init_process_group destroy_process_group init_device_mesh get_node_local_rank", _NO_PROCESSES),
        classes(
            "ProcessGroup ProcessGroupGloo DeviceMesh P2POp Store TCPStore FileStore HashStore PrefixStore Work",
            _NO_PROCESSES,
        ),
        taken("absent.distributed"),
        errors("DistError DistBackendError", RuntimeError),
    ),
    "distributed.distributed_c10d": (
        taken(
            "distributed",
            "Backend GroupMember ProcessGroup ReduceOp all_gather all_gather_object all_reduce barrier broadcast "
            "get_backend get_rank get_world_size group init_process_group is_initialized",
        ),
    ),
    "distributed.device_mesh": (taken("distributed", "DeviceMesh init_device_mesh"),),
    "distributed.autograd": (
        answers(False, "is_available"),
        functions("backward get_gradients", _NO_PROCESSES),
        classes("DistAutogradContext context", _NO_PROCESSES),
    ),
    "distributed.elastic": (),
    "distributed.elastic.multiprocessing": (),
    "distributed.elastic.multiprocessing.errors": (gives_back("record"), errors("ChildFailedError", Exception)),
    "distributed.optim": (classes("ZeroRedundancyOptimizer", _NO_PROCESSES),),
    "distributed.fsdp": (
        functions("fully_shard", _NO_PROCESSES),
        classes("FullyShardedDataParallel MixedPrecision ShardingStrategy StateDictType", _NO_PROCESSES),
    ),
    "distributed.nn": (functions("all_gather all_reduce all_to_all broadcast gather reduce scatter", _NO_PROCESSES),),
    "distributed.rpc": (
        answers(False, "is_available"),
        functions("init_rpc rpc_async rpc_sync remote shutdown", _NO_PROCESSES),
    ),
    "distributed.tensor": (
        functions("distribute_module distribute_tensor", _NO_PROCESSES),
        classes("DTensor Partial Placement Replicate Shard", _NO_PROCESSES),
    ),
    "nn.modules.batchnorm": (
        taken("nn", "BatchNorm1d BatchNorm2d BatchNorm3d"),
        lambda module: {"_BatchNorm": taken("nn", "BatchNorm1d")(module)["BatchNorm1d"]},  # the only kind here
    ),
    "nn.parallel": (
        functions("gather parallel_apply replicate scatter", _NO_PROCESSES),
        functions("data_parallel", (RuntimeError, "device type could not be determined")),
        classes("DistributedDataParallel", _NO_PROCESSES),
        taken("absent.parallel"),
    ),
    "nn.parallel.data_parallel": (taken("nn.parallel", "DataParallel data_parallel"),),
    "nn.parallel.distributed": (taken("nn.parallel", "DistributedDataParallel"),),
    "nn.parallel.scatter_gather": (taken("nn.parallel", "gather scatter"),),
    "futures": (taken("absent.futures"),),
    "multiprocessing": (
        functions("spawn start_processes", _NO_PROCESSES),
        errors("ProcessRaisedException ProcessExitedException", Exception),
        taken("absent.multiprocessing"),
    ),
    "multiprocessing.reductions": (functions("reduce_storage reduce_tensor rebuild_tensor", "tensors are copied"),),
    # -- files and tools -----------------------------------------------------------------------------
    "hub": (
        functions("download_url_to_file help list load load_state_dict_from_url", _NO_NETWORK),
        taken("absent.hub"),
    ),
    "package": (classes("PackageExporter PackageImporter", _NO_PACKAGE), answers(False, "is_from_package")),
    "profiler": (
        answers(False, "kineto_available"),
        answers(set, "supported_activities"),
        functions("schedule tensorboard_trace_handler", _NO_PROFILER),
        classes("profile", _NO_PROFILER),
        taken("absent.profiler"),
    ),
    "autograd.profiler": (
        classes("profile emit_itt emit_nvtx EventList", _NO_PROFILER),
        taken("absent.profiler", "record_function"),
    ),
    "utils.benchmark": (classes("Compare Timer", "Python's timeit measures how long something takes"),),
    "utils.cpp_extension": (
        functions("load load_inline include_paths library_paths", _NO_COMPILER),
        classes("BuildExtension CppExtension CUDAExtension", _NO_COMPILER),
        holds(CUDA_HOME=None, ROCM_HOME=None),
    ),
    "utils.mobile_optimizer": (functions("optimize_for_mobile", _NO_TORCHSCRIPT),),
    "utils.model_zoo": (functions("load_url", _NO_NETWORK),),
    "version": (taken("", "__version__"), holds(cuda=None, hip=None, rocm=None, xpu=None, debug=False, git_version="")),
    "__config__": (taken("absent.config"),),
    # -- other kinds of tensors ----------------------------------------------------------------------
    "masked": (
        functions("as_masked_tensor masked_tensor", _NO_MASKED),
        answers(False, "is_masked_tensor"),
        classes("MaskedTensor", _NO_MASKED),
    ),
    "nested": (
        functions(
            "as_nested_tensor nested_tensor nested_tensor_from_jagged to_padded_tensor narrow masked_select", _NO_NESTED
        ),
    ),
    "ao": (),
    "ao.quantization": (
        functions(
            "convert fuse_modules get_default_qat_qconfig get_default_qconfig prepare prepare_qat quantize "
            "quantize_dynamic quantize_qat",
            _NO_QUANTIZATION,
        ),
        classes(
            "DeQuantStub FakeQuantize MinMaxObserver ObserverBase QConfig QuantStub QuantWrapper", _NO_QUANTIZATION
        ),
    ),
}
MODULES["quantization"] = MODULES["ao.quantization"]
