"""What a comparison by names says where it cannot go on."""

NO_TORCH = 'torch is not installed: pip install "tinygrad_mlp[compare]"'
NO_SUCH_NAME = "names: the {program} program assigns no numbers to {name!r}; it has: {have}"
NOT_A_PAIR = "names: {text!r} is neither a name nor two names with = between them"
NO_WEIGHTS_FROM = "weights_from is 'first', 'second' or None, not {given!r}"
NO_FRAMEWORK = "under is 'torch' or 'tinygrad_mlp', not {given!r}"
CANNOT_START = "{program}: {why}"
NOTHING_IN_COMMON = "{first} and {second} have no names in common: say which belong together, as in names=['w1=weight']"
