"""The tests are tested: each rule is broken in memory, and the tests of its operator must notice.

    python -m tests.mutants                      all mutants
    python -m tests.mutants tanh                 those of one row, or of one function
    python -m tests.mutants --sample 60 --seed 0
    python -m tests.mutants --list

A mutant is a rule of the derivative table, a function of `nn.functional` or a method of an optimiser with one change in
its syntax tree: a sign, a factor, a dropped term. Its name says what is changed and how, as in
`tanh/input/out * out/dropped right side`, and is the same in every run. A mutant that no test notices shows a hole in
the tests, unless it computes the same; those are listed, each with its reason, in equivalent.py.

The exit code is 0 if every mutant was run and is caught or listed, and no listed one was caught; else it is 1, and what
is wrong is printed. In a run of all mutants a listed one that does not exist is wrong, too.
"""
