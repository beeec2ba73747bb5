"""Random programs: the graph computes what CPython computes, or the program is refused; never computed wrongly."""

import numpy as np
import pytest

from symdiff.errors import InternalError, LimitError, SymdiffError
from tests.symdiff.frontend.random_programs import source
from tests.symdiff.frontend.running import check

SEEDS = range(120)


@pytest.mark.parametrize("block", range(0, len(SEEDS), 30))
def test_random_programs(load, block):
    right = 0
    for seed in SEEDS[block : block + 30]:
        module = load(source(seed), f"random{seed}")
        for trips in (0, 1, 3):
            try:
                check(module.f, np.array([0.5, -0.3, 0.8]), np.array([-0.2, 0.4, 0.1]), trips)
                right += 1
            except (InternalError, LimitError):
                raise
            except SymdiffError:  # refused, though CPython computes it
                continue
    assert right > 45
