"""Break rules and run their tests: `python -m tests.mutants --help`."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as tests/conftest.py, before anything imports NumPy
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HYPOTHESIS_PROFILE"] = "mutants"

import argparse
import hashlib
import json
import signal
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings

from .equivalent import EQUIVALENT
from .mutants import Mutant, chosen
from .report import as_data, faults, table
from .running import Mutation, Result

# The examples are those of the profile `ci`; a failing one is not made smaller.
settings.register_profile(
    "mutants", derandomize=True, max_examples=25, deadline=None, database=None, report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
TESTS = ("tests/ops", "tests/nn", "tests/optim", "tests/tensor", "tests/random/test_stream.py")
# They hold the words of a formula, so that they fail at any change of one, whether it computes the same or not.
TEXTS = ("tests/ops/test_documentation.py",)


def main() -> int:
    options = _options()
    names = sys.stdin.read().splitlines() if options.names == ["-"] else options.names
    mutants = _sampled([m for m in chosen(names) if m.of_rule or not options.rules], options)
    if options.list:
        print(*(f"{mutant.name}    {mutant.shown}" for mutant in mutants), sep="\n")
        return 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background, too
    results = _run(mutants, options)
    if options.json:
        print(json.dumps(as_data(results), indent=1))
    else:
        print(table(results))
    wrong = faults(
        results, complete=len(results) == len(mutants) and not (options.names or options.sample or options.rules)
    )
    print(*wrong, sep="\n", file=sys.stderr)
    missing = len(mutants) - len(results)
    if missing:
        print(f"interrupted: {missing} mutants were not run", file=sys.stderr)
    return 1 if wrong or missing else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="rows, functions, or names of mutants; - for those on standard input")
    parser.add_argument("--rules", action="store_true", help="only those of the rules of the derivative table")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, as if drawn by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--list", action="store_true", help="show the mutants and run nothing")
    parser.add_argument("--json", action="store_true", help="print all results as JSON")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="the folders and files of tests")
    parser.add_argument("--seconds", type=float, default=40, help="of computing for all tests of a mutant")
    parser.add_argument("-j", type=int, default=1, dest="jobs", help="processes at a time")
    return parser.parse_args()


def _sampled(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """A sample by the digests of the names: another mutant in the table changes it in one place at most."""

    def digest(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{options.seed} {mutant.name}".encode()).digest()

    if not options.sample:
        return mutants
    drawn = {mutant.name for mutant in sorted(mutants, key=digest)[: options.sample]}
    return [mutant for mutant in mutants if mutant.name in drawn]


def _run(mutants: list[Mutant], options: argparse.Namespace) -> list[Result]:
    def report(result: Result, count: int) -> None:
        if count % 200 == 0:
            print(f"{count} of {len(mutants)}", file=sys.stderr, flush=True)
        if not result.caught and result.mutant.name not in EQUIVALENT:
            said = f"survived {result.tests} tests: {result.mutant.name}    {result.mutant.shown}"
            print(said, file=sys.stderr, flush=True)

    mutation = Mutation(mutants, options.jobs, options.seconds, report)
    arguments = ["-s", "-qq", "--no-header", "--no-summary", "--assert=plain", "-p", "no:cacheprovider"]
    ignored = [f"--ignore={file}" for file in TEXTS]
    status = pytest.main([*arguments, "-p", "no:xdist", *ignored, *options.tests], plugins=[mutation])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"the tests could not be collected: {status!r}")
    order = {mutant.name: i for i, mutant in enumerate(mutants)}
    return sorted(mutation.results, key=lambda result: order[result.mutant.name])


if __name__ == "__main__":
    sys.exit(main())
