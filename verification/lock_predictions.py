"""Predict the held-out MCF7 experiments and lock what is predicted: combinations, weekly alternations, courses of twelve months.

    python verification/lock_predictions.py                 # writes the lock; there must be none yet
    python verification/lock_predictions.py --text          # README and nothing else
    python verification/lock_predictions.py --out FOLDER    # all of it somewhere else

What is predicted stands in library/predictions: experiments (YAML), scenarios.tsv, observables.tsv. Nothing that was measured in these
experiments is read, here or in any fit. The lock names the commit that it was made from: commit first, then lock, then commit the lock.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from serdsim.analysis.lock import files_hash, record_of, write_lock
from serdsim.analysis.predicted import Observable, Scenario, course, predictions, read_observables, read_scenarios
from serdsim.engine.engines import engine_for
from serdsim.errors import IndividualsFailed, InputError, Issue, SerdsimError
from serdsim.experiments.arms import equations_of
from serdsim.experiments.panel import Axis, Band, Panel
from serdsim.experiments.protocol import Experiment, read_experiment
from serdsim.experiments.runner import Readings, run_experiment
from serdsim.model.digest import model_digest
from serdsim.model.recipe import shipped_library
from serdsim.report.figure import draw
from serdsim.report.png import svg_to_png
from serdsim.report.standalone import standalone
from serdsim.results.run_id import content_hash
from serdsim.simulation.draws import Draws
from serdsim.tables import Column, read_table

ROOT = Path(__file__).resolve().parents[1]
NAME = "mcf7_combinations"
EXPERIMENTS = ("COMBINATION", "ALTERNATION", "MONTHS")
PROTOCOL = (*(f"{id}.yaml" for id in EXPERIMENTS), "scenarios.tsv", "observables.tsv")
TABLES = ("parameters.tsv", "drugs.tsv", "genotypes.tsv", "cell_lines.tsv", "correlations.tsv", "evidence.tsv")
FIGURES = (
    ("combination", "Fulvestrant 200 nM with palbociclib", "fold_vs_start", "live cells", "h", (
        ("fulv200_palbo50", "with 50 nM", "drug"), ("fulv200_palbo100", "with 100 nM", "signal"),
        ("fulv200_palbo300", "with 300 nM", "rest"))),
    ("alternation", "Palbociclib in weekly turns", "fold_vs_start", "live cells", "h", (
        ("alt_palbo250_E2dep", "250 nM, no oestradiol", "signal"), ("alt_palbo500_fulv500", "500 nM, fulvestrant 500 nM", "drug"))),
    ("months", "Twelve months of 750 nM", "total_expansion", "live cells, none taken away", "d", (
        ("long_fulv750", "fulvestrant", "drug"), ("long_palbo750", "palbociclib", "signal"),
        ("long_alt_palbo750_fulv750", "in turn, palbociclib first", "rest"))),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Everything that is predicted: the experiments, their scenarios and what is observed of them."""

    experiments: Mapping[str, Experiment]
    scenarios: tuple[Scenario, ...]
    observables: Mapping[str, tuple[Observable, ...]]


def read_asked(library: Path) -> Asked:
    """Return what is predicted."""
    folder = library / "predictions"
    experiments = {id: read_experiment(folder / f"{id}.yaml") for id in EXPERIMENTS}
    return Asked(experiments, read_scenarios(folder, experiments), read_observables(folder, noises(library)))


def noises(library: Path) -> dict[str, float]:
    """Return the standard deviations that the fit problem holds."""
    path = library / "problems" / "cell" / "parameters.tsv"
    names = path.read_text(encoding="utf-8").splitlines()[0].split("\t")
    rows = read_table(path, [Column(name, required=False) for name in names])
    return {row.text("parameterId"): float(row.text("nominalValue")) for row in rows if row.text("parameterId").startswith("sd_")}


def run(asked: Asked, library: Path, draws: Draws) -> dict[str, Readings]:
    """Return the readings of all experiments.

    Raises
    ------
    IndividualsFailed
        When a draw did not end well: no prediction is made from a part of them.
    """
    found = {id: run_experiment(experiment, draws, library=library) for id, experiment in asked.experiments.items()}
    for id, readings in found.items():
        failed = sum(reading.failed for reading in readings.series.values())
        if failed:
            raise IndividualsFailed(f"{id}: {failed} of {readings.individuals} draws did not end well: {'; '.join(readings.messages[:3])}")
    return found


def lock(out: Path, asked: Asked, readings: Mapping[str, Readings], library: Path, draws: Draws, commit: str, created: str) -> None:
    """Write table and lock."""
    records = [
        record_of(one, asked.experiments[scenario.experiment].cell_line)
        for scenario in asked.scenarios
        for one in predictions(scenario, readings[scenario.experiment], asked.observables[scenario.experiment])
    ]
    models = {f"{id}.{series}": model_digest(model) for id, found in readings.items() for series, model in found.models.items()}
    problem = sorted(path for path in (library / "problems" / "cell").iterdir() if path.is_file() and path.suffix != ".md")
    rests_on = {
        "model_sha256": content_hash(models),
        "calibration_sha256": files_hash([*(library / name for name in TABLES), *problem], library),
        "git_commit": commit,
        "created": created,
        "draws": draws.count,
        "seed": draws.seed,
        "numerics": engine_for(equations_of(asked.experiments[EXPERIMENTS[0]].model, library)).numerics,
    }
    for name in PROTOCOL:
        if out != library / "predictions":
            shutil.copy(library / "predictions" / name, out / name)
    write_lock(out / f"{NAME}.lock.json", records, PROTOCOL, rests_on)


def panels(asked: Asked, readings: Mapping[str, Readings], draws: int) -> dict[str, Panel]:
    """Return the figures: what is predicted with its central 90 % of measurements, its null model dashed."""
    found = {}
    scenarios = {scenario.scenario: scenario for scenario in asked.scenarios}
    for name, title, wanted, label, unit, bands in FIGURES:
        shown: list[Band] = []
        for id, words, ink in bands:
            scenario = scenarios[id]
            own = readings[scenario.experiment]
            observable = next(one for one in asked.observables[scenario.experiment] if one.observable == wanted)
            shown += both(scenario, own, observable, words, ink, unit)
        shown.sort(key=lambda band: band.dash)  # null models last, over all bands
        panel = Panel(
            id=f"PREDICTED-{name}",
            title=title,
            x=Axis("time after plating", unit),
            y=Axis(label, "fold of 0 h", log=True),
            bands=tuple(shown),
            description=f"{title}: predicted, never compared with what was measured. Solid: the model; dashed: its null model.",
            draws=draws,
        )
        found[name] = panel
    return found


def both(scenario: Scenario, own: Readings, observable: Observable, words: str, ink: str, unit: str) -> list[Band]:
    """Return a prediction as a band, and its null model as a dashed line."""
    rows = list(predictions(scenario, own, [observable]))
    times = [one.time for one in rows]
    if not own.experiment.replate:  # the whole course, from the start
        daily, ends = course(scenario, own, observable)
        middle, low, high = ([1.0, *end] for end in ends.tolist())
        times_own = [0.0, *daily.tolist()]
    else:
        times_own = times
        middle, low, high = ([getattr(one, name) for one in rows] for name in ("median", "lo90", "hi90"))
    scale = 24.0 if unit == "d" else 1.0
    null = tuple(one.null for one in rows)
    return [
        Band(words, tuple(t / scale for t in times_own), tuple(middle), tuple(low), tuple(high), ink),
        Band(f"{words}, null", tuple(t / scale for t in times), null, null, null, ink, dash=True),
    ]


def write_figures(found: Mapping[str, Panel], folder: Path) -> None:
    """Write each figure wide and narrow as SVG, and wide as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, panel in found.items():
        wide, narrow = draw(panel), draw(panel, narrow=True)
        (folder / f"predicted_{name}.svg").write_text(standalone(wide), encoding="utf-8")
        (folder / f"predicted_{name}_narrow.svg").write_text(standalone(narrow), encoding="utf-8")
        (folder / f"predicted_{name}.png").write_bytes(svg_to_png(wide, 1400))


def readme(asked: Asked) -> str:
    """Return the README of the folder: words, and the tables of scenarios and observables."""
    scenarios = [f"| `{s.scenario}` | {s.says} | {hours(s)} | {null_words(s)} |" for s in asked.scenarios]
    seen: dict[str, Observable] = {one.observable: one for own in asked.observables.values() for one in own}
    observables = [f"| `{o.observable}` | {o.unit} | {o.says} | {noise_words(o)} |" for o in seen.values()]
    text = (Path(__file__).parent / "lock_predictions_readme.md").read_text(encoding="utf-8")
    return text.replace("SCENARIOS\n", "\n".join(scenarios) + "\n").replace("OBSERVABLES\n", "\n".join(observables) + "\n")


def hours(scenario: Scenario) -> str:
    steps = {round(b - a, 6) for a, b in zip((0.0, *scenario.times), scenario.times, strict=False)}
    if len(steps) == 1:
        return f"every {scenario.times[0]:g} to {scenario.times[-1]:g}"
    return ", ".join(f"{time:g}" for time in scenario.times)


def null_words(scenario: Scenario) -> str:
    parts = ", ".join(f"`{part}`" for part in scenario.parts)
    return {
        "no_interaction": f"no interaction of {parts}",
        "in_turn": f"{parts} in turn",
        "as_the_first_month": "every month as the first",
    }[scenario.null]


def noise_words(observable: Observable) -> str:
    if not observable.sd_per_week:
        return "`sd_blot` of `library/problems/cell`"
    words = f"{observable.sd:g} + {observable.sd_per_week:g} a week since the last plating"
    return words + (", all counts together" if observable.how == "expansion" else "")


def commit_now() -> str:
    """Return the commit of the checkout, with a word where code or library were changed since."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + (" with changes" if git("status", "--porcelain", "--", "src", "library", "verification") else "")
    except (OSError, subprocess.CalledProcessError):
        raise InputError(Issue("the commit is not known", expected="a checkout with git", repair="Give --git-commit")) from None


def main(words: Sequence[str] | None = None) -> int:
    """Predict, lock, draw; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--library", type=Path, default=shipped_library())
    parser.add_argument("--out", type=Path, help="folder of the lock; the library's predictions")
    parser.add_argument("--figures", type=Path, help="folder of the figures; docs, or --out where it is given")
    parser.add_argument("--git-commit", help="that of the checkout")
    parser.add_argument("--created", help="now, in UTC")
    parser.add_argument("--text", action="store_true", help="write the README and nothing else")
    arguments = parser.parse_args(words)
    library, out = arguments.library, arguments.out or arguments.library / "predictions"
    try:
        asked = read_asked(library)
        out.mkdir(parents=True, exist_ok=True)
        (out / "README.md").write_text(readme(asked), encoding="utf-8")
        if arguments.text:
            return 0
        draws = Draws(arguments.draws, arguments.seed)
        created = arguments.created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        commit = arguments.git_commit or commit_now()
        readings = run(asked, library, draws)
        lock(out, asked, readings, library, draws, commit, created)
        write_figures(panels(asked, readings, arguments.draws), arguments.figures or arguments.out or ROOT / "docs")
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    print(f"{out / (NAME + '.lock.json')}: {len(asked.scenarios)} scenarios, {arguments.draws} draws, commit {commit}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
