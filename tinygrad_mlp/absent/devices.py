"""The rows of the modules for devices, of which there is only the CPU, and for the libraries that compute."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace

from ..arrays.refusals import NOT_COMPILED
from .rows import Refusal, Row, answers, classes, functions, holds, refusing_class, taken

__all__ = ["MODULES"]

# What a torch that was built for the CPU alone raises: where a device is asked for, for objects that stand for one,
# and for the tensor types that old programs name.
_DUMMY = (RuntimeError, "Tried to instantiate dummy base class {short}")
_NO_CUDA = (AssertionError, NOT_COMPILED.format(device="CUDA"))
_NO_XPU = (AssertionError, NOT_COMPILED.format(device="XPU"))
_NO_MPS = (RuntimeError, "Cannot execute {short}() without MPS backend.")
_NO_NVTX = (RuntimeError, "NVTX functions not installed. Are you sure you have a CUDA build?")
_NO_STREAM = (RuntimeError, "{name} requires CUDA support")
_NO_TYPE = (TypeError, "type {name} not available. Torch not compiled with CUDA enabled.")
_NO_ACCELERATOR = (RuntimeError, "Cannot access accelerator device when none is available.")

_TENSOR_TYPES = {
    "bfloat16": "BFloat16Tensor", "bool_": "BoolTensor", "uint8": "ByteTensor", "int8": "CharTensor",
    "float64": "DoubleTensor", "float32": "FloatTensor", "float16": "HalfTensor", "int32": "IntTensor",
    "int64": "LongTensor", "int16": "ShortTensor",
}  # fmt: skip


def _tensor_types(refusal: Refusal) -> Row:
    """The classes for tensors of each dtype, which know their dtype and of which nothing is an instance."""

    def row(module: str) -> dict[str, object]:
        from ..arrays import dtypes

        return {
            short: refusing_class(module, short, refusal, dtype=getattr(dtypes, name))
            for name, short in _TENSOR_TYPES.items()
        }

    return row


def _old_amp(device: str) -> Row:
    """Mixed precision by names that have the device in front."""

    def row(module: str) -> dict[str, object]:
        from .old_amp import names_for

        return names_for(device)

    return row


def _of_a_gpu(refusal: Refusal, event: Refusal, stream: Refusal) -> tuple[Row, ...]:
    """What torch.cuda and torch.xpu have in common; random numbers are set for devices that are not there."""
    return (
        answers(False, "is_available is_initialized is_bf16_supported is_tf32_supported"),
        answers(0, "device_count memory_allocated max_memory_allocated memory_reserved max_memory_reserved"),
        answers(None, "empty_cache manual_seed manual_seed_all seed seed_all set_rng_state set_rng_state_all"),
        answers(dict, "memory_stats memory_stats_as_nested_dict"),
        answers(list, "get_rng_state_all get_arch_list"),
        answers("", "get_gencode_flags"),
        answers(nullcontext, "stream StreamContext device_of use_mem_pool"),
        holds(default_generators=()),
        functions(
            "init current_device synchronize get_device_name get_device_capability get_device_properties set_device "
            "current_stream set_stream can_device_access_peer mem_get_info get_rng_state initial_seed "
            "reset_peak_memory_stats reset_accumulated_memory_stats memory_snapshot "
            "set_per_process_memory_fraction get_per_process_memory_fraction graph make_graphed_callables",
            refusal,
        ),
        classes("Event MemPool", event),
        classes("Stream", stream),
    )


MODULES: dict[str, tuple[Row, ...]] = {
    "cuda": (
        *_of_a_gpu(_NO_CUDA, _DUMMY, _NO_STREAM),
        answers(0, "memory_cached max_memory_cached"),
        answers(None, "caching_allocator_enable"),
        answers(nullcontext, "caching_allocator_disabled"),
        holds(has_half=True, has_magma=False),
        functions(
            "default_stream memory_summary cudart ipc_collect current_blas_handle get_sync_debug_mode "
            "set_sync_debug_mode utilization temperature memory_usage power_draw clock_rate list_gpu_processes "
            "reset_max_memory_allocated reset_max_memory_cached graph_pool_handle is_current_stream_capturing",
            _NO_CUDA,
        ),
        classes("CUDAGraph", _DUMMY),
        classes("ExternalStream", _NO_STREAM),
        _tensor_types(_NO_TYPE),
        taken("absent.cuda"),
    ),
    "cuda.amp": (_old_amp("cuda"), answers(True, "amp_definitely_not_available")),
    "cuda.amp.autocast_mode": (taken("cuda.amp", "autocast custom_bwd custom_fwd"),),
    "cuda.amp.grad_scaler": (taken("cuda.amp", "GradScaler"), taken("absent.scaler", "OptState")),
    "cuda.comm": (functions("broadcast broadcast_coalesced gather reduce_add scatter", _NO_CUDA),),
    "cuda.memory": (taken("cuda", "empty_cache memory_allocated max_memory_allocated memory_reserved mem_get_info"),),
    "cuda.nccl": (answers(False, "is_available"), functions("version all_reduce broadcast", _NO_CUDA)),
    "cuda.nvtx": (functions("mark range range_pop range_push range_start range_end", _NO_NVTX),),
    "cuda.random": (taken("cuda", "manual_seed manual_seed_all seed seed_all get_rng_state set_rng_state"),),
    "cuda.sparse": (
        classes(
            "BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor",
            "sparse tensors lie on the CPU",
        ),
    ),
    "cuda.streams": (taken("cuda", "Event Stream ExternalStream"),),
    "xpu": (
        *_of_a_gpu(_NO_XPU, _DUMMY, _DUMMY),
        functions("device", (RuntimeError, "PyTorch was compiled without XPU support")),
    ),
    "mps": (
        answers(False, "is_available"),
        answers(0, "device_count"),
        answers(None, "manual_seed"),
        functions(
            "synchronize empty_cache current_allocated_memory driver_allocated_memory recommended_max_memory seed "
            "get_rng_state set_rng_state set_per_process_memory_fraction compile_shader",
            _NO_MPS,
        ),
        classes("Event", _NO_MPS),
    ),
    "mtia": (answers(False, "is_available is_initialized"), answers(0, "device_count")),
    "accelerator": (
        answers(False, "is_available"),
        answers(0, "device_count"),
        answers(None, "current_accelerator"),
        functions(
            "current_device_index current_device_idx set_device_index set_device_idx current_stream set_stream "
            "synchronize empty_cache memory_allocated max_memory_allocated memory_reserved max_memory_reserved "
            "memory_stats reset_peak_memory_stats reset_accumulated_memory_stats get_memory_info",
            _NO_ACCELERATOR,
        ),
    ),
    "cpu": (
        answers(True, "is_available is_initialized"),
        answers(1, "device_count"),
        answers("cpu", "current_device"),
        answers(None, "synchronize set_device"),
        answers(nullcontext, "stream StreamContext"),
        classes("Event Stream", "the CPU computes one operation after the other"),
    ),
    "cpu.amp": (_old_amp("cpu"),),
    "amp": (
        taken("absent.autocast", "autocast custom_bwd custom_fwd is_autocast_available"),
        taken("absent.scaler", "GradScaler"),
    ),
    "amp.autocast_mode": (taken("absent.autocast", "autocast custom_bwd custom_fwd is_autocast_available"),),
    "amp.grad_scaler": (taken("absent.scaler"),),
    # -- the libraries that compute ------------------------------------------------------------------
    "backends": (holds(fp32_precision="none"),),
    "backends.cpu": (answers("DEFAULT", "get_cpu_capability"),),
    "backends.cuda": (
        answers(False, "is_built is_flash_attention_available fp16_bf16_reduction_math_sdp_allowed"),
        answers(True, "cudnn_sdp_enabled flash_sdp_enabled math_sdp_enabled mem_efficient_sdp_enabled"),
        answers(
            None,
            "enable_cudnn_sdp enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp "
            "allow_fp16_bf16_reduction_math_sdp preferred_linalg_library preferred_blas_library",
        ),
        answers(nullcontext, "sdp_kernel"),
        holds(
            matmul=SimpleNamespace(
                allow_tf32=False,
                allow_fp16_reduced_precision_reduction=True,
                allow_bf16_reduced_precision_reduction=True,
                fp32_precision="none",
            ),
            cufft_plan_cache=SimpleNamespace(size=0, max_size=0, clear=lambda: None),
        ),
    ),
    "backends.cudnn": (
        answers(False, "is_available is_acceptable"),
        answers(None, "version"),
        answers(nullcontext, "flags"),
        holds(
            enabled=True,
            benchmark=False,
            benchmark_limit=None,
            deterministic=False,
            allow_tf32=True,
            fp32_precision="none",
            conv=SimpleNamespace(fp32_precision="tf32"),
            rnn=SimpleNamespace(fp32_precision="tf32"),
        ),
    ),
    "backends.cusparselt": (answers(False, "is_available"), answers(None, "version")),
    "backends.mkl": (
        answers(False, "is_available"),
        answers(nullcontext, "verbose"),
        holds(VERBOSE_OFF=0, VERBOSE_ON=1),
    ),
    "backends.mkldnn": (
        answers(False, "is_available"),
        answers(nullcontext, "flags verbose"),
        holds(enabled=True, deterministic=False, allow_tf32=None, VERBOSE_OFF=0, VERBOSE_ON=1),
    ),
    "backends.mps": (answers(False, "is_available is_built is_macos13_or_newer is_macos_or_newer"),),
    "backends.nnpack": (answers(False, "is_available"), answers(nullcontext, "flags")),
    "backends.openmp": (answers(False, "is_available"),),
    "backends.opt_einsum": (
        answers(False, "is_available"),
        answers(None, "get_opt_einsum"),
        holds(enabled=False, strategy=None),
    ),
    "backends.quantized": (holds(engine="none", supported_engines=["none"]),),
}
