"""What the schedulers refuse and warn of, in torch's words: every text, with when it comes.

The checks stand with the code that needs them; here are only the texts, grouped by subject. Those with values are
templates for `str.format`.
"""

# -- Every scheduler -------------------------------------------------------------------------------
# TypeError for anything in the place of an optimiser.
NOT_AN_OPTIMIZER = "{type} is not an Optimizer"
# KeyError where a scheduler goes on from `last_epoch`, but the optimiser's groups were never scheduled.
NOT_RESUMABLE = (
    "param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler with last_epoch >= 0.\n"
    "This typically happens when:\n"
    "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n"
    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
)
# ValueError for a list that is not as long as the optimiser's list of groups.
NOT_ONE_A_GROUP = (
    "{name} must have the same length as optimizer.param_groups. {name} has {found} values, param_groups has {groups}."
)

# -- Warnings --------------------------------------------------------------------------------------
# step(epoch), for any epoch but None.
EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available. Please open an issue if you are unable to "
    "replicate your use case: https://github.com/pytorch/pytorch/issues/new/choose."
)
# get_lr, when it is called by a program and not by `step`.
LAST_LR = "To get the last learning rate computed by the scheduler, please use `get_last_lr()`."
_MORE_ON_THE_ORDER = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
# The first `step` of a program, where the optimiser has not made a step.
STEP_BEFORE_OPTIMIZER = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should call "
    "them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will result in "
    "PyTorch skipping the first value of the learning rate schedule. " + _MORE_ON_THE_ORDER
)
# The same, where the optimiser's `step` has been replaced, so that its steps are not seen.
STEP_OVERRIDDEN = (
    "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make sure "
    "to call `optimizer.step()` before `lr_scheduler.step()`. " + _MORE_ON_THE_ORDER
)

# -- LambdaLR and MultiplicativeLR -----------------------------------------------------------------
# ValueError for another number of functions than there are groups.
FUNCTIONS = "Expected {groups} lr_lambdas, but got {found}"
# MultiplicativeLR: TypeError for what cannot be called.
NOT_A_FUNCTION = "lr_lambda should be a function, but got {type}"

# -- ConstantLR and LinearLR: ValueError for factors out of range ----------------------------------
CONSTANT_FACTOR = "Constant multiplicative factor expected to be between 0 and 1."
START_FACTOR = "Starting multiplicative factor expected to be greater than 0 and less or equal to 1."
END_FACTOR = "Ending multiplicative factor expected to be between 0 and 1."

# -- CosineAnnealingWarmRestarts: ValueError -------------------------------------------------------
PERIOD = "Expected positive integer T_0, but got {value}"
PERIOD_FACTOR = "Expected integer T_mult >= 1, but got {value}"
LEAST_RATE = "Expected float or int eta_min, but got {value} of type {type}"
NEGATIVE_EPOCH = "Expected non-negative epoch, but got {value}"

# -- CyclicLR and OneCycleLR: ValueError -----------------------------------------------------------
# For an optimiser that has neither a momentum nor betas.
NO_MOMENTUM = "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
CYCLE_MODE = "mode is invalid and scale_fn is None"
# For a number of steps, epochs or steps per epoch that is not an integer above 0.
NOT_POSITIVE = "Expected positive integer {name}, but got {value}"
NO_LENGTH = "You must define either total_steps OR (epochs AND steps_per_epoch)"
SHARE = "Expected float between 0 and 1 pct_start, but got {value}"
# Also SWALR's.
ANNEAL_STRATEGY = "anneal_strategy must be one of 'cos' or 'linear', instead got {value}"
# For a step after the last one.
PAST_THE_END = "Tried to step {step} times. The specified number of total steps is {total}"

# -- ReduceLROnPlateau -----------------------------------------------------------------------------
# ValueError for options out of range.
REDUCTION = "Factor should be < 1.0."
MODE = "mode {value} is unknown!"
THRESHOLD_MODE = "threshold mode {value} is unknown!"
LEAST_RATES = "expected {groups} min_lrs, got {found}"
# RuntimeError where groups were added to the optimiser, and a least rate was given for each of the former ones.
OTHER_GROUPS = (
    "The number of param groups in the `optimizer` ({groups}) differs from when `ReduceLROnPlateau` was initialized "
    "({found}), usually due to a new param group being added to the optimizer. Please modify the `min_lrs` field to "
    "match the length of the `optimizer` param groups."
)

# -- SequentialLR and ChainedScheduler -------------------------------------------------------------
# ValueError for an empty list.
NO_SCHEDULER_IN_SEQUENCE = "{type} expects at least one scheduler, but got no scheduler."
NO_SCHEDULER_IN_CHAIN = "{type} expects at least one scheduler to be chained, but got no scheduler."
# TypeError for what is not a scheduler.
NO_OPTIMIZER = "{type} at index {index} should have `optimizer` as its attribute."
# ValueError for a scheduler whose step asks for a metric.
OF_METRICS = (
    "{type} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be specified when "
    "calling `step`, but got one at index {index} in the given schedulers sequence."
)
# ValueError for schedulers of several optimisers.
OTHER_OPTIMIZER = (
    "{type} expects all schedulers to belong to the same optimizer, but got scheduler {found} at index {index} has "
    "{optimizer}, which is different from {expected}."
)
# SequentialLR: ValueError.
MILESTONES = (
    "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, "
    "but got number of schedulers {schedulers} and the number of milestones to be equal to {milestones}"
)
