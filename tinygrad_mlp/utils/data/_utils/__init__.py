"""What loading in this process and in workers share, by the names that torch.utils.data._utils has."""

from . import collate as collate
from . import fetch as fetch
from . import worker as worker
from .exceptions import ExceptionWrapper as ExceptionWrapper

# How many seconds the end of a worker is waited for, and how often it is looked whether the other side is still there.
MP_STATUS_CHECK_INTERVAL = worker.MP_STATUS_CHECK_INTERVAL
