"""What `compare` says where it cannot go on."""

NOT_A_TRACE = "{path}: not a trace of `compare --record` ({why})"
OTHER_SCHEMA = "{path}: a trace of version {found}, and this package reads version {schema}"
NO_TORCH = 'torch is not installed: pip install "tinygrad_mlp[compare]"'
