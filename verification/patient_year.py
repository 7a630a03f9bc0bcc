"""What a year of a patient costs on one core, and what the tolerances of the model lose: run it by hand, alone on the machine.

    python verification/patient_year.py [--individuals 768] [--judged 48]

Process time of one thread, observed as a run is and once a day, without reading the library, building the kernel and the time before
treatment. Errors are those of the contract: over the value, or a thousandth of the largest of its course, whichever is larger. The largest
over outputs and times of each individual counts, against the same engine at 1e-9, which makes its own time before treatment as exactly;
median and 99th percentile over individuals are given, of the outputs that the recipe shows and of those that a run shows only
when asked: oestradiol in the cell and all states of the receptor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from serdsim.dosing.regimen import parse_regimen
from serdsim.engine.plan import Arrays, Plan
from serdsim.model.tolerance import Tolerance
from serdsim.simulation.drawn_job import DrawnJob, repeated
from serdsim.simulation.draws import Draws, drawn
from serdsim.simulation.plating import plated
from serdsim.simulation.prepared import prepare

REGIMENS = (
    (84, "imlunestrant 400 mg po q24h x {days} + abemaciclib 150 mg po q12h x {twice}"),
    (365, "imlunestrant 400 mg po q24h x {days} + abemaciclib 150 mg po q12h x {twice}"),
    (84, "letrozole 2.5 mg po q24h x {days}"),
)
TRUE, FLOOR, NOTHING = Tolerance(1e-9, 1e-12), 1e-3, 1e-9
ROUNDS = 3


@dataclass(frozen=True)
class Lost:
    """The error of some outputs: median and 99th percentile over individuals, the output that has the largest and the largest."""

    median: float
    p99: float
    worst: str
    largest: float


def cost(job: DrawnJob, days: int, individuals: int) -> dict[str, float]:
    """Return the cost of a patient-year [ms], observed as a run is and once a day."""
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
    steps = float("nan") if arrays.steps is None else float(np.mean(arrays.steps))
    return {
        "ms": 1000.0 * min(seconds) / individuals * 365.0 / days,
        "daily": 1000.0 * apart / individuals * 365.0 / days,
        "steps": steps / len(np.unique(job.schedule.times)),
        "us": 1e6 * apart / individuals / steps,
        "ok": float(np.mean(arrays.status == "ok")),
    }


def lost(job: DrawnJob, shown: int) -> tuple[Lost, Lost]:
    """Return what the tolerances lose of the first `shown` outputs of a job of one chunk, and of the others."""
    kernel = job.engine.build(job.equations)
    loose, tight = job.compute(kernel, 0), replace(job, tolerance=TRUE).compute(kernel, 0)
    errors = errors_of(loose, tight)
    return _lost(job.outputs[:shown], errors[:shown]), _lost(job.outputs[shown:], errors[shown:])


def errors_of(loose: Arrays, tight: Arrays) -> np.ndarray:
    """Return the largest error over time of each output and individual that ended well in both, shape (output, individual)."""
    well = (loose.status == "ok") & (tight.status == "ok")
    values, true = loose.values[:, :, well], tight.values[:, :, well]
    scale = np.maximum(np.maximum(np.abs(true), FLOOR * np.max(np.abs(true), axis=1, keepdims=True)), NOTHING)
    return np.asarray(np.max(np.abs(values - true) / scale, axis=1))


def _lost(ids: Sequence[str], errors: np.ndarray) -> Lost:
    each, of = errors.max(axis=0), errors.max(axis=1)
    return Lost(float(np.median(each)), float(np.quantile(each, 0.99)), ids[int(np.argmax(of))], float(of.max()))


def jobs(days: int, words: str, individuals: int, judged: int) -> tuple[DrawnJob, DrawnJob, int]:
    """Return the job whose cost is measured, that whose errors are, with further outputs, and how many of its outputs are shown."""
    regimen = parse_regimen(words.format(days=days, twice=2 * days))
    job = prepare("patient", regimen, genotype="Y537S", draws=individuals).job
    more = ["E2_cell", *(id for id in job.equations.states if id.startswith("er_"))]
    apart = prepare("patient", regimen, genotype="Y537S", draws=judged, outputs=[*job.outputs, *more]).job
    return job, replace(apart, chunk=judged), len(job.outputs)


def main() -> None:
    """Print three lines for each regimen."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--individuals", type=int, default=768)
    options.add_argument("--judged", type=int, default=48)
    asked = options.parse_args()
    for days, words in REGIMENS:
        job, apart, shown = jobs(days, words, asked.individuals, asked.judged)
        r = cost(job, days, asked.individuals)
        print(f"{days} days of {words.partition(' + ')[0].format(days=days)}{' and abemaciclib' if '+' in words else ''}:")
        print(
            f"  {len(job.equations.states)} states, {r['ms']:.2f} ms per patient-year, observed daily {r['daily']:.2f}; "
            f"{r['steps']:.1f} steps per interval of {r['us']:.2f} us; ok {r['ok']:.0%}"
        )
        for name, one in zip(("shown outputs", "E2_cell, receptor"), lost(apart, shown), strict=True):
            worst = f"largest {one.largest:.1e} ({one.worst})"
            print(f"  error of {name}: median {one.median:.1e}, 99th percentile {one.p99:.1e}, {worst}", flush=True)


if __name__ == "__main__":
    main()
