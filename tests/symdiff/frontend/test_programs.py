"""Every program of the corpus parses, and its graph computes what CPython computes, on every case."""

import warnings

import pytest

from tests.programs import PROGRAMS
from tests.symdiff.frontend.running import run, same

CASES = [case for program in PROGRAMS.values() for case in program.cases]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_graph_agrees_with_cpython(case):
    function = PROGRAMS[case.program].function
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = function(*case.arguments())
    same(run(function, *case.arguments()), expected)
