"""Names of torch.distributed that have values; there is one process, and no group of them."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from types import SimpleNamespace

__all__ = ["Backend", "GroupMember", "ReduceOp", "default_pg_timeout", "group"]

default_pg_timeout = timedelta(minutes=30)


class ReduceOp(Enum):
    """How tensors of several processes would be combined (torch.distributed.ReduceOp)."""

    __module__ = "tinygrad_mlp.distributed"

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
    PREMUL_SUM = 8


class Backend(str):
    """The name of a means by which processes would talk (torch.distributed.Backend)."""

    __module__ = "tinygrad_mlp.distributed"

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    UCC = "ucc"
    MPI = "mpi"
    XCCL = "xccl"
    FAKE = "fake"


group = SimpleNamespace(WORLD=None)  # no group is there yet
GroupMember = SimpleNamespace(WORLD=None, NON_GROUP_MEMBER=-100)
