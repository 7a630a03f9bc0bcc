"""Run 1,000 draws of the dense dimer model (CV 50 %) with daily doses: `python verification/dimers.py SHARED [days [rtol]]`.

Prints how many draws end in which status, steps and seconds; fails when a draw has no name for its end or is below zero.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.own_problems import dimers
from benchmarks.plans import plan_of
from benchmarks.starts import Starts

from serdsim.engine.native import run_native
from serdsim.engine.plan import STATUSES


def main(shared: str, days: str = "28", rtol: str = "1e-5") -> int:
    problem = dimers(int(days), 1000, Path(shared), cv=0.5)
    problem = replace(problem, scale=np.ones(len(problem.states)))
    starts = Starts(problem)
    plan = plan_of(problem, starts, float(rtol))
    begin = time.perf_counter()
    arrays = run_native(starts.equations, plan)
    seconds = time.perf_counter() - begin
    assert arrays.steps is not None
    lowest = float(np.nanmin(arrays.values))
    print(
        f"{dict(Counter(arrays.status.tolist()))}, {seconds:.1f} s, steps {np.percentile(arrays.steps, [0, 50, 100])}, lowest {lowest:.2g}"
    )
    return int(not set(arrays.status) <= set(STATUSES) or lowest < -1e-3)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
