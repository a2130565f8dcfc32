"""What a recorded step did to the Python state: what a program can repeat, what it cannot, what is still settling.

optimizer.step()  # the first one makes state: the program of a later call is kept
model.train()     # a flag, which the program sets, too
count += 1        # refused
"""

from __future__ import annotations

from ..nn.parameter import Parameter
from .recording import CannotRecord
from .refusals import (
    CHANGES_LEARNING_RATE,
    CHANGES_VARIABLE,
    LENGTH,
    OTHER_MEMORY,
    OTHER_RANDOM_NUMBERS,
    PARAMETER,
    TENSOR,
)
from .session import Session
from .state import State, random_states


def check_state(state: State, session: Session) -> bool:
    """Check what the step did to the Python state; False if an optimiser made new state, as in its first step.

    CannotRecord for a variable that the step itself changed. A flag such as `training` may change: the program sets it.
    """
    settled = True
    drawn = random_states()
    # A module that was imported during the step has no earlier state to compare with.
    if any(drawn[name] != before for name, before in session.random_states.items()):
        raise CannotRecord(OTHER_RANDOM_NUMBERS)
    for place in state.changes():
        if place.key == "_last_lr" or (place.of_optimizer and place.key == "lr"):  # of a scheduler, or of its groups
            raise CannotRecord(CHANGES_LEARNING_RATE.format(path=place.path))
        if place.of_optimizer:
            settled = False
            continue
        if type(place.value) is type(now := place.now()) is bool and place.can_be_put:
            session.switched.append((place, now))  # by model.train() or model.eval()
            continue
        raise CannotRecord(CHANGES_VARIABLE.format(path=place.path, what=LENGTH if place.kind == "len" else ""))
    for touched in session.before.values():
        tensor = touched.tensor
        if tensor.array is not touched.array or tensor.needs_grad != touched.needs_grad:
            what = PARAMETER if isinstance(tensor, Parameter) else TENSOR
            raise CannotRecord(OTHER_MEMORY.format(what=what, shape=list(touched.array.shape)))
    return settled
