"""What a year of a patient costs on one core, and what the tolerances of the model lose: run it by hand, alone on the machine.

    python verification/patient_year.py [--individuals 96] [--judged 48]

Process time of one thread, observed as a run is and once a day, without reading the library, building the kernel and the time before
treatment. Errors are those of the contract, of the outputs that the recipe shows at the times that a run shows: the largest over outputs
and times of each individual against the same engine at 1e-9, of which median and 99th percentile are given.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from serdsim.dosing.regimen import parse_regimen
from serdsim.engine.plan import Plan
from serdsim.simulation.drawn_job import repeated
from serdsim.simulation.draws import Draws, drawn
from serdsim.simulation.plating import plated
from serdsim.simulation.prepared import prepare

DAYS = (84, 365)
TRUE_RTOL, TRUE_ATOL, FLOOR, NOTHING = 1e-9, 1e-12, 1e-3, 1e-9
ROUNDS = 3


def measure(days: int, individuals: int, judged: int) -> dict[str, float]:
    """Return the cost of a patient-year [ms] and the errors of the regimen over so many days."""
    regimen = parse_regimen(f"imlunestrant 400 mg po q24h x {days} + abemaciclib 150 mg po q12h x {2 * days}")
    ready = prepare("patient", regimen, genotype="Y537S", draws=individuals)
    job = ready.job
    kernel = job.engine.build(job.equations)
    given = drawn(job.marginals, Draws(individuals, 1))
    before = job.engine.run(kernel, job.engine.at(job.tolerance, Plan(given, np.array([job.pre_run]), ())))
    start = plated(job.plating, job.equations, given, before.final)
    bare = Plan(given, job.times, job.outputs, initial=start, schedule=repeated(job.schedule, individuals))
    plan = job.engine.at(job.tolerance, bare)
    seconds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        arrays = job.engine.run(kernel, plan)
        seconds.append(time.process_time() - begin)
    daily = replace(plan, times=np.arange(0.0, 24.0 * days + 1.0, 24.0))
    begin = time.process_time()
    job.engine.run(kernel, daily)
    apart = time.process_time() - begin
    some = bare.chunk(slice(0, judged))
    true = job.engine.run(kernel, replace(some, rtol=TRUE_RTOL, atol=TRUE_ATOL)).values
    scale = np.maximum(np.maximum(np.abs(true), FLOOR * np.max(np.abs(true), axis=1, keepdims=True)), NOTHING)
    errors = np.max(np.abs(arrays.values[:, :, :judged] - true) / scale, axis=(0, 1))
    steps = float("nan") if arrays.steps is None else float(np.mean(arrays.steps))
    return {
        "days": days,
        "ms": 1000.0 * min(seconds) / individuals * 365.0 / days,
        "daily": 1000.0 * apart / individuals * 365.0 / days,
        "steps": steps / len(np.unique(job.schedule.times)),
        "us": 1e6 * apart / individuals / steps,
        "median": float(np.median(errors)),
        "p99": float(np.quantile(errors, 0.99)),
        "ok": float(np.mean(arrays.status == "ok")),
        "states": len(job.equations.states),
    }


def main() -> None:
    """Print one line for each length."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--individuals", type=int, default=96)
    options.add_argument("--judged", type=int, default=48)
    asked = options.parse_args()
    print("days  states  ms per patient-year  observed daily  steps per interval  us per step  median error  99th percentile  ok")
    for days in DAYS:
        r = measure(days, asked.individuals, asked.judged)
        print(
            f"{r['days']:4.0f}  {r['states']:6.0f}  {r['ms']:19.2f}  {r['daily']:14.2f}  {r['steps']:18.1f}  {r['us']:11.2f}  "
            f"{r['median']:12.1e}  {r['p99']:15.1e}  {r['ok']:.0%}"
        )


if __name__ == "__main__":
    main()
