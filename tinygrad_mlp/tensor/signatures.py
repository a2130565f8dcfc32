"""The function on Tensors that a row stands for: its parameters as the row names them, and NumPy's names for some.

What it calls with the arguments in their order is the row's caller (dispatch.py).
"""

from __future__ import annotations

import functools
from typing import Any

from ..messages import noted
from ..ops import NUMPY_KEYWORDS, Operator
from ..ops.documentation import Documentation
from .dispatch import SEQUENCES, Caller, Function, caller_for
from .overriding import hand_over, named_in_torch, take_over, takers
from .refusals import UNEXPECTED_KEYWORD

_INTEGERS = frozenset((int,))


def function_of(row: Operator) -> Function:
    """The function on Tensors that a row stands for, with the row's own signature."""
    return _with_signature(row, caller_for(row))


def function_with_out(row: Operator, write_into: Function) -> Function:
    """The same with a keyword `out`; given one, it calls `write_into(row, caller, out, arguments)`."""
    caller = caller_for(row)
    return _with_signature(row, caller, functools.partial(write_into, row, caller))


def _with_signature(row: Operator, caller: Caller, write_into: Function | None = None) -> Function:
    """A function with the row's parameter names and defaults, and with `out` if there is something to call then."""
    arity, required = len(row.parameters), len(row.parameters) - len(row.defaults)
    function: Function

    def called(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None) if write_into is not None else None
        arguments = row.complete(args, kwargs)
        return caller.call(*arguments) if out is None else write_into(out, arguments)  # type: ignore[misc]

    if row.variadic or "dim" in row.parameters[:required]:
        variadic = row.variadic

        def function(*args: Any, **kwargs: Any) -> Any:
            try:
                if not kwargs:
                    if not variadic:
                        if len(args) == arity:
                            return caller.call(*args)
                    elif len(args) == 2 and type(args[1]) in SEQUENCES:
                        return caller.call(*args)
                    elif len(args) > 1 and _INTEGERS.issuperset(map(type, args[1:])):
                        return caller.call(args[0], args[1:])
                return called(args, kwargs)
            except Exception as error:
                if takers((*args, *kwargs.values())):
                    return take_over(named_in_torch(function), (*args, *kwargs.values()), args, kwargs)
                noted(error)
                raise

    else:
        renames = "dim" in row.parameters  # torch takes NumPy's names for it as well
        make = _wrapper_maker(arity, renames, write_into is not None)
        wrapper: Any = make(caller, functools.partial(_renamed, row), write_into)
        out, other = ("out",) if write_into is not None else (), ("other",) if renames else ()
        wrapper.__code__ = wrapper.__code__.replace(co_varnames=(*row.parameters, *out, *other, "error"))
        wrapper.__defaults__ = row.defaults
        function = wrapper
    function.__name__ = function.__qualname__ = row.name
    function.__module__ = "tinygrad_mlp"
    function.__doc__ = Documentation(row)
    function.caller = caller  # type: ignore[attr-defined]  # operators call it at once
    return function


@functools.cache
def _wrapper_maker(arity: int, renames: bool, out: bool) -> Function:
    """A function that makes wrappers of so many parameters.

    `renames` if they take NumPy's names of them as well, `out` if they take this keyword. Compiling one for each row
    would be slow: the parameters get the row's names afterwards.
    """
    names = ", ".join(f"p{i}" for i in range(arity))
    call, arguments = f"caller.call({names})", f"({names},)"
    if renames:
        arguments = f"renamed({arguments}, other)"
        call = f"{call} if not other else caller.call(*{arguments})"
    if out:
        call = f"({call}) if out is None else write_into(out, {arguments})"
    more = (", *, out=None" if out else "") + (", **other" if renames else "")
    made: dict[str, Function] = {}
    text = _WRAPPER.format(names=names, more=more, call=call, other="other" if renames else "{}")
    given = {"noted": noted, "takers": takers, "hand_over": hand_over}
    exec(compile(text, "<tinygrad_mlp.tensor.signatures>", "exec"), given, made)
    return made["make"]


# From Python 3.11 on, a `try` costs nothing unless something is raised.
_WRAPPER = """\
def make(caller, renamed, write_into):
    def wrapper({names}{more}):
        try:
            return {call}
        except Exception as error:
            if takers(({names},)):
                return hand_over(wrapper, ({names},), {other})
            noted(error)
            raise
    return wrapper
"""


def _renamed(row: Operator, values: tuple[Any, ...], other: dict[str, Any]) -> Any:
    """The arguments of a call in which some have NumPy's names."""
    arguments = dict(zip(row.parameters, values, strict=True))
    defaults = dict(zip(row.parameters[-len(row.defaults) :], row.defaults, strict=True))
    for keyword, value in other.items():
        name = NUMPY_KEYWORDS.get(keyword, keyword)
        if name not in defaults or arguments[name] is not defaults[name]:  # not a parameter, or given besides
            raise TypeError(UNEXPECTED_KEYWORD.format(function=row.name, name=keyword))
        arguments[name] = value
    return arguments.values()
