"""What torch's CPU build says of devices and memory that it was not built for, kept as text.

Torch's CUDA build refuses in other words, and where there is a GPU it does not refuse at all. So a program that asks
for a device is compared with this record, and the record with torch wherever its CPU build runs.
"""

from __future__ import annotations

import torch

IS_CPU_BUILD = not (
    torch.backends.cuda.is_built() or torch.backends.mps.is_built() or torch.xpu._is_compiled() or torch.version.hip
)

# The type and the first words of each refusal, and the warnings before it, as parity.outcome gives them.
NO_CUDA = (("AssertionError", "Torch not compiled with CUDA enabled"), [])
NO_XPU = (("AssertionError", "Torch not compiled with XPU enabled"), [])
NO_ACCELERATOR = (("RuntimeError", "Cannot access accelerator device when none is available."), [])
NO_PINNING = (("RuntimeError", "pin_memory=True requires a CUDA or other accelerator backend"), [])

# What torch.utils.data.DataLoader warns of.
PINS_NOTHING = (
    "UserWarning",
    "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
)
