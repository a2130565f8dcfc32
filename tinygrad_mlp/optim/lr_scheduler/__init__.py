"""Schedulers, which change the learning rates of an optimiser from epoch to epoch (torch.optim.lr_scheduler).

`LRScheduler` is their base class; a subclass says in `get_lr` what comes next. A scheduler is stepped after the
optimiser, once in an epoch or once for each batch:

    optimizer.step()
    scheduler.step()
"""

from . import groups, refusals, scheduler
from .composed import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR
from .factors import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from .functions import LambdaLR, MultiplicativeLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

# Names that torch's module has for itself; other libraries import them all the same.
EPOCH_DEPRECATION_WARNING = refusals.EPOCH_DEPRECATION_WARNING
_LRScheduler = scheduler._LRScheduler
_enable_get_lr_call = scheduler._enable_get_lr_call
_warn_get_lr_called_within_step = scheduler.warn_outside_step
_format_param = groups.per_group
_param_groups_val_list = groups.group_values
_update_param_group_val = groups.set_group_value

for _name in __all__:  # torch has them all in one file
    globals()[_name].__module__ = __name__
