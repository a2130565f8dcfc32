"""Prints which entries of torch's database are whole."""

from __future__ import annotations

import argparse

from .modules import MODULES, module_complaints
from .operators import OPERATORS, complaints


def main() -> None:
    """Print a line for each entry that is not whole, and how many are."""
    parser = argparse.ArgumentParser(prog="python -m tests.database", description=__doc__)
    parser.add_argument("names", nargs="*", help="operators; by default all")
    parser.add_argument("--all", action="store_true", help="print all that an entry lacks, and not the first lines")
    parser.add_argument("--no-out", action="store_true", help="leave out the argument `out`")
    parser.add_argument("--modules", action="store_true", help="modules, and not operators")
    given = parser.parse_args()
    if given.modules:
        report_modules(given.names, given.all)
        return
    chosen = [n for n in OPERATORS if not given.names or any(n == g or n.startswith(f"{g}/") for g in given.names)]
    whole = 0
    for name in chosen:
        found = list(dict.fromkeys(complaints(OPERATORS[name])))
        if given.no_out:
            found = [line for line in found if not line.startswith("out ")]
        whole += not found
        if found:
            print(f"{name}: {len(found)}", *found[: None if given.all else 3], sep="\n    ", flush=True)
    print(f"{whole} of {len(chosen)} operators are whole")


def report_modules(names: list[str], all_lines: bool) -> None:
    """Print what each module lacks, and how many are whole."""
    chosen = [name for name in MODULES if not names or name.removeprefix("nn.") in names or name in names]
    whole = 0
    for name in chosen:
        found = list(dict.fromkeys(module_complaints(MODULES[name])))
        whole += not found
        if found:
            print(f"{name}: {len(found)}", *found[: None if all_lines else 3], sep="\n    ", flush=True)
    print(f"{whole} of {len(chosen)} modules are whole")


main()
