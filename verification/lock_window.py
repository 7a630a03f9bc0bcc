"""Predict the markers of imlunestrant's arms before surgery and lock what is predicted: 200, 400 and 800 mg, day 15.

    python verification/lock_window.py                 # writes the lock; there must be none yet
    python verification/lock_window.py --out FOLDER    # somewhere else

What is predicted stands in library/predictions/window. No outcome of a trial of imlunestrant is read, here or in any fit; the null model
is what was measured under letrozole, which fits have read. The lock names the commit that it was made from: commit first, then lock,
then commit the lock.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lock_predictions import commit_now

from serdsim.analysis.lock import files_hash, record_of, write_lock
from serdsim.analysis.predicted import predictions, read_observables, read_scenarios
from serdsim.claims.evidence_rows import read_facts
from serdsim.engine.engines import engine_for
from serdsim.errors import IndividualsFailed, SerdsimError
from serdsim.experiments.arms import equations_of
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import Readings, run_experiment
from serdsim.model.digest import model_digest
from serdsim.model.recipe import shipped_library
from serdsim.results.run_id import content_hash
from serdsim.simulation.draws import Draws

NAME, FOLDER = "imlunestrant_window", Path("predictions") / "window"
PROTOCOL = ("WINDOW.yaml", "scenarios.tsv", "observables.tsv", "nulls.tsv")
POPULATION = "early breast cancer after the menopause, ER+, ESR1 wild type"


def measured(library: Path) -> dict[str, float]:
    """Return what was left under letrozole, by evidence row: rows that may be fitted and no others."""
    rows = [fact for fact in read_facts(library).values() if (fact.drug, fact.role, fact.unit) == ("letrozole", "calibrate", "%")]
    return {fact.id: 1.0 - fact.value / 100.0 for fact in rows if fact.value is not None and fact.value < 100.0}


def run(library: Path, draws: Draws) -> Readings:
    """Return the readings.

    Raises
    ------
    IndividualsFailed
        When a draw did not end well: no prediction is made from a part of them.
    """
    readings = run_experiment(read_experiment(library / FOLDER / PROTOCOL[0]), draws, library=library)
    failed = sum(reading.failed for reading in readings.series.values())
    if failed:
        raise IndividualsFailed(f"{failed} of {readings.individuals} draws did not end well: {'; '.join(readings.messages[:3])}")
    return readings


def lock(out: Path, library: Path, draws: Draws, commit: str, created: str) -> int:
    """Write table and lock; return how many numbers are predicted."""
    readings = run(library, draws)
    own = library / FOLDER
    scenarios = read_scenarios(own, {"WINDOW": readings.experiment})
    observables = read_observables(own, {}, measured(library))["WINDOW"]
    records = [record_of(one, POPULATION) for scenario in scenarios for one in predictions(scenario, readings, observables)]
    problems = [path for name in ("cell", "window") for path in sorted((library / "problems" / name).iterdir()) if path.suffix != ".md"]
    rests_on = {
        "model_sha256": content_hash({series: model_digest(model) for series, model in readings.models.items()}),
        "calibration_sha256": files_hash([*sorted(library.glob("*.tsv")), *problems], library),
        "git_commit": commit,
        "created": created,
        "draws": draws.count,
        "seed": draws.seed,
        "numerics": engine_for(equations_of(readings.experiment.model, library)).numerics,
    }
    for name in PROTOCOL if out != own else ():
        shutil.copy(own / name, out / name)
    write_lock(out / f"{NAME}.lock.json", records, PROTOCOL, rests_on)
    return len(records)


def main(words: Sequence[str] | None = None) -> int:
    """Predict and lock; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", type=Path, default=shipped_library())
    parser.add_argument("--out", type=Path, help="folder of the lock; the library's predictions/window")
    parser.add_argument("--git-commit", help="that of the checkout")
    parser.add_argument("--created", help="now, in UTC")
    arguments = parser.parse_args(words)
    out = arguments.out or arguments.library / FOLDER
    try:
        out.mkdir(parents=True, exist_ok=True)
        created = arguments.created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        commit = arguments.git_commit or commit_now()
        count = lock(out, arguments.library, Draws(arguments.draws, arguments.seed), commit, created)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    print(f"{out / (NAME + '.lock.json')}: {count} predictions, {arguments.draws} draws, commit {commit}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
