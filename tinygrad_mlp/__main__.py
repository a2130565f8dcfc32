"""`python -m tinygrad_mlp` is `tinygrad-mlp`."""

import sys

from .cli import main

sys.exit(main())
