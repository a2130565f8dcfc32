"""The texts of the exceptions of this package; the texts of failed assertions stand where they are put together."""

from __future__ import annotations

# LookupError: a row has neither a name that torch knows nor an entry in COUNTERPARTS.
NO_COUNTERPART = "torch has no {name}; say in testing.oracle.COUNTERPARTS what stands for it"
# LookupError: a row of more than two arrays, or with other parameters, has no `sample`.
NO_SAMPLE = "the row {name} says neither by its parameters nor by `sample` how to call it"
