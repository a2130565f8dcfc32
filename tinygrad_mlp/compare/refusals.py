"""What `compare` says where it cannot go on."""

NOT_A_TRACE = "{path}: not a trace of `compare --record` ({why})"
OTHER_SCHEMA = "{path}: a trace of version {found}, and this package reads version {schema}"
NO_TORCH = 'torch is not installed: pip install "tinygrad_mlp[compare]"'

# -- functions and models --------------------------------------------------------------------------
# TypeError: something else where a module is to be compared.
NOT_A_MODULE = "a module of tinygrad_mlp or of torch is compared, not {found}"
# TypeError: what cannot be called under the other framework.
NOT_A_FUNCTION = "a function, or a pair of functions for tinygrad_mlp and torch, is compared, not {found!r}"
NO_COUNTERPART = "{target} has no {name}: give a pair of functions, the first for tinygrad_mlp and the second for torch"
A_CLASS = (
    "{name} is a class that derives from one of {source}, so that it cannot be used under {target}: give a pair of "
    "functions, or a function f(torch, ...) that makes the class from the package it is given"
)
AN_OBJECT = (
    "a {name} is an object of {source} that {target} does not know: give a pair, the first for tinygrad_mlp and the "
    "second for torch; a loss can be given by its name, as loss='cross_entropy'"
)
