"""Window trials: markers of a patient's lesion within weeks, simulated beside what was fitted, and predictions for the subject."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from serdsim.analysis.window_record import FILE, WindowArm, WindowRecord, read_window_record
from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.engine.engines import NATIVE
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, Series, read_experiment
from serdsim.experiments.runner import Reading, Readings, run_experiment
from serdsim.kept import kept_object
from serdsim.model.digest import model_digest
from serdsim.model.library_rows import content
from serdsim.model.recipe import shipped_library
from serdsim.references import Reference
from serdsim.results.run_id import content_hash
from serdsim.simulation.draws import Draws
from serdsim.tables import Column, read_table
from serdsim.units import convert

VOLUME = "tumour_volume"
_NOISE = (Column("observableId"), Column("experimentId"), Column("time", "number"), Column("noiseParameters", "number"))


@dataclass(frozen=True)
class Spread:
    """Median and central 90 % over the draws that ended well."""

    median: float
    lo90: float
    hi90: float


@dataclass(frozen=True)
class Point:
    """A marker of an arm: its change from baseline [%] over draws and at the central value of every number.

    `fact` is the fitted row, None for a prediction; `width` is the noise that the fit gives it, a standard deviation of the logarithm
    of what is left.
    """

    arm: WindowArm
    marker: str
    label: str
    change: Spread
    central: float
    fact: Fact | None
    width: float

    @property
    def observed(self) -> float:
        """What was observed [% of the baseline]; not a number for a prediction."""
        return math.nan if self.fact is None or self.fact.value is None else -self.fact.value

    @property
    def widths(self) -> float:
        """Observed minus simulated at the central values, in widths of the fit; above 0 where less was lost than is simulated."""
        return float((math.log1p(self.observed / 100.0) - math.log1p(self.central / 100.0)) / self.width)


@dataclass(frozen=True)
class Difference:
    """A marker in one arm minus in another [points of the change]; in so many of `draws` draws it is lower, or higher, than what the
    record calls alike.
    """

    comparison: str
    label: str
    marker: str
    points: Spread
    lower: int
    higher: int
    draws: int


@dataclass(frozen=True)
class Volume:
    """Change of the volume [%]; it `fell` in so many of `draws` draws; `smaller` counts by arm the draws with a volume below its."""

    id: str
    label: str
    genotype: str
    change: Spread
    central: float
    fell: int
    draws: int
    smaller: Mapping[str, int]


@dataclass(frozen=True)
class WindowSection:
    """What the page says of window trials.

    `off` is the root mean square of all fitted readings' distances [widths] over draws; `failed` counts simulations that did not end
    well, `rests_on` is a hash.
    """

    record: WindowRecord
    points: tuple[Point, ...]
    differences: tuple[Difference, ...]
    volumes: tuple[Volume, ...]
    weeks: float
    off: Spread
    failed: int
    rests_on: str


def window_section(library: Path | None = None, *, workers: int | None = None) -> WindowSection | None:
    """Return the window trials of a library; None for one without window.yaml. They are computed once for its content and kept.

    Raises
    ------
    InputError
        For anything wrong in the library.
    """
    root = library or shipped_library()
    if not (root / FILE).is_file():
        return None
    facts = read_facts(root)
    record = read_window_record(root, facts)
    early, later = (read_experiment(root / "experiments" / f"{id}.yaml") for id in (record.experiment, record.later))
    for arm in record.arms:
        if arm.seen and _series(early, arm.series).drug == record.subject:
            problem, repair = f"a row stands beside {record.subject}", "Take it out; its arms are predictions"
            raise ClaimError(Issue(problem, file=FILE, id=arm.id, expected="rows of other drugs", repair=repair))
    return kept_object("window", _rests_on(root, record), lambda: _section(root, record, facts, (early, later), workers))


def public(section: WindowSection, references: Mapping[str, Reference], year: int) -> WindowSection:
    """Return the section with no observation that was published after `year`."""

    def kept(point: Point) -> Point:
        late = point.fact is not None and references[point.fact.source].year > year
        return replace(point, fact=None) if late else point

    return replace(section, points=tuple(map(kept, section.points)))


def window_sources(section: WindowSection) -> tuple[str, ...]:
    """Return the keys of the references that observations come from."""
    return tuple(dict.fromkeys(point.fact.source for point in section.points if point.fact is not None))


def _rests_on(root: Path, record: WindowRecord) -> bytes:
    """Return all that the numbers depend on: tables, fragments and experiments of the library, numerics, and the code on the way."""
    own = [FILE, f"experiments/{record.experiment}.yaml", f"experiments/{record.later}.yaml"]
    files = [
        *sorted(root.glob("*.tsv")),
        *sorted((root / "models").rglob("*.*")),
        *(root / name for name in own),
        _noise_path(root, record),
    ]
    rooms = [Path(__file__).parents[1] / room for room in ("analysis", "experiments", "simulation", "dosing")]
    code = [path for room in rooms for path in sorted(room.glob("*.py"))]
    return b"\n".join([NATIVE.numerics.encode(), *(hashlib.sha256(content(path) or b"").digest() for path in (*files, *code))])


def _noise_path(root: Path, record: WindowRecord) -> Path:
    return root / "problems" / record.problem / "measurements.tsv"


def _section(
    root: Path, record: WindowRecord, facts: Mapping[str, Fact], experiments: tuple[Experiment, Experiment], workers: int | None
) -> WindowSection:
    draws = Draws(record.draws, record.seed)
    drawn = [run_experiment(experiment, draws, library=root, workers=workers) for experiment in experiments]
    central = [run_experiment(experiment, replace(draws, count=0), library=root, workers=workers) for experiment in experiments]
    every = [reading for found in (*drawn, *central) for reading in found.series.values()]
    seen = [[fact.value, fact.unit] for arm in record.arms for fact in (facts[row] for row in arm.seen.values())]
    models = [model_digest(model) for found in drawn for model in found.models.values()]
    noise = widths(root, record)
    return WindowSection(
        record,
        points(record, drawn[0], central[0], facts, noise),
        differences(record, drawn[0]),
        volumes(record, drawn[1], central[1]),
        convert(experiments[1].hours, "h", "week"),
        spread(distances(record, drawn[0], facts, noise)),
        sum(reading.failed for reading in every),
        content_hash([models, asdict(record), seen, [[e.pre_run, e.hours, e.every] for e in experiments]]),
    )


def widths(root: Path, record: WindowRecord) -> dict[tuple[str, str, float], float]:
    """Return the noise that the fit gives each measurement, by observable, experiment and time [h]."""
    path = _noise_path(root, record)
    names = path.read_text(encoding="utf-8").splitlines()[0].split("\t")
    asked = {column.name: column for column in _NOISE}
    rows = read_table(path, [asked.get(name, Column(name, required=False)) for name in names])
    keys = [(row.text("observableId"), row.text("experimentId"), row.number("time") or 0.0) for row in rows]
    return {key: row.number("noiseParameters") or math.nan for key, row in zip(keys, rows, strict=True)}


def points(
    record: WindowRecord, drawn: Readings, central: Readings, facts: Mapping[str, Fact], noise: Mapping[tuple[str, str, float], float]
) -> tuple[Point, ...]:
    """Return every marker of every arm, arm by arm.

    Raises
    ------
    ClaimError
        For a row that the fit does not hold, and a dose or a time that the experiment does not have.
    """
    found = []
    for arm in record.arms:
        for marker in record.markers:
            row = arm.seen.get(marker.id)
            key = (marker.observable, arm.fitted, arm.time)
            if row and key not in noise:
                problem = f"the fit {record.problem} holds no {marker.observable} in {arm.fitted} at {arm.time:g} h"
                expected = "observable, experiment and hours of the fit"
                raise ClaimError(Issue(problem, file=FILE, id=arm.id, expected=expected, repair="Correct the arm, or take the row out"))
            change, middle = changes(drawn, arm, marker.output), changes(central, arm, marker.output)
            fact, width = (facts[row], noise[key]) if row else (None, math.nan)
            found.append(Point(arm, marker.id, marker.label, spread(change), float(middle[0]), fact, width))
    return tuple(found)


def distances(
    record: WindowRecord, drawn: Readings, facts: Mapping[str, Fact], noise: Mapping[tuple[str, str, float], float]
) -> np.ndarray:
    """Return how far each draw lies from the fitted readings: the root mean square [widths], shape (draw,)."""
    markers = {marker.id: marker for marker in record.markers}
    found = []
    for arm in record.arms:
        for id, row in arm.seen.items():
            change = changes(drawn, arm, markers[id].output)
            apart = math.log1p(-(facts[row].value or 0.0) / 100.0) - np.log1p(change / 100.0)
            found.append(apart / noise[markers[id].observable, arm.fitted, arm.time])
    return np.asarray(np.sqrt(np.mean(np.square(found), axis=0)))


def changes(readings: Readings, arm: WindowArm, output: str) -> np.ndarray:
    """Return the change of an output from baseline in an arm [%], shape (draw,)."""
    reading = readings.series.get(arm.series)
    if reading is None or arm.dose not in reading.series.concentrations:
        known = ", ".join(f"{id} {dose:g}" for id, one in readings.series.items() for dose in one.series.concentrations)
        problem, expected = f"{readings.experiment.id} has no series {arm.series} with the dose {arm.dose:g}", f"one of {known}"
        raise ClaimError(Issue(problem, file=FILE, id=arm.id, expected=expected, repair="Correct series and dose"))
    return np.asarray(_change(reading, output, arm.time)[reading.series.concentrations.index(arm.dose)])


def _change(reading: Reading, output: str, time: float) -> np.ndarray:
    return np.asarray(100.0 * (reading.at(output, time) / reading.at(output, 0.0) - 1.0))


def _series(experiment: Experiment, id: str) -> Series:
    if id not in experiment.series:
        raise ClaimError(Issue(f"{experiment.id} has no series {id}", file=FILE, expected="one of " + ", ".join(experiment.series)))
    return experiment.series[id]


def spread(values: np.ndarray) -> Spread:
    """Return median and central 90 % of what is a number."""
    whole = values[np.isfinite(values)]
    return Spread(*(float(np.quantile(whole, share)) if whole.size else math.nan for share in (0.5, 0.05, 0.95)))


def differences(record: WindowRecord, drawn: Readings) -> tuple[Difference, ...]:
    """Return all comparisons, draw by draw: the same draw of two arms shares all numbers that both have."""
    arms, outputs = {arm.id: arm for arm in record.arms}, {marker.id: marker for marker in record.markers}
    found = []
    for comparison in record.comparisons:
        for pair in comparison.pairs:
            for id in comparison.markers:
                first, second = (changes(drawn, arms[arm], outputs[id].output) for arm in (pair.first, pair.second))
                apart = (first - second)[np.isfinite(first - second)]
                words = (comparison.id, pair.label, outputs[id].label)
                lower, higher = int(np.sum(apart <= -record.alike)), int(np.sum(apart >= record.alike))
                found.append(Difference(*words, spread(apart), lower, higher, int(apart.size)))
    return tuple(found)


def volumes(record: WindowRecord, drawn: Readings, central: Readings) -> tuple[Volume, ...]:
    """Return the change of the volume at the end of the later experiment in each of its arms."""
    last = drawn.experiment.hours
    change = {arm.id: _change(drawn.series[_series(drawn.experiment, arm.series).id], VOLUME, last)[0] for arm in record.volumes}
    found = []
    for arm in record.volumes:
        own = change[arm.id]
        smaller = {id: int(np.sum(own < change[id])) for id in arm.against}
        middle = float(_change(central.series[arm.series], VOLUME, last)[0, 0])
        whole = own[np.isfinite(own)]
        words = (arm.id, arm.label, arm.genotype)
        found.append(Volume(*words, spread(own), middle, int(np.sum(whole < 0.0)), int(whole.size), smaller))
    return tuple(found)
