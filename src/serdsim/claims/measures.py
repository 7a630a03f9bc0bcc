"""What a claim measures on the readings of its experiment: the record, and reading it with all checks before anything runs.

The arithmetic of each kind is in `kinds.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from serdsim.claims.course_fields import CourseFields, course_issues, read_course
from serdsim.claims.kind_arms import ARMS, FROM_START, RATIOS, WHOLE
from serdsim.claims.matrix_fields import MatrixFields, matrix_arms, matrix_issues, read_matrix
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, Series, observed, quantity
from serdsim.experiments.runner import Reading, Readings

__all__ = ["ARMS", "SMALLEST_MARGIN", "Measure", "Part", "arm", "locate", "read_part", "row"]

SMALLEST_MARGIN = "smallest_margin"


@dataclass(frozen=True)
class Measure:
    """A number per draw.

    `of`, `to`, `low` and `high` name arms as ``series @ concentration`` or ``series @ dose``, with ``@ time`` after it where it differs,
    or a whole series by its id. `then` is the second output of the kind `later`, `least` the relative change that counts as moving,
    `course` what kinds say that read a course over time, and `matrix` what those say that read two drugs together.
    """

    kind: str
    output: str
    time: float
    arms: Mapping[str, str]
    file: str
    then: str = ""
    least: float = 0.0
    course: CourseFields | None = None
    matrix: MatrixFields | None = None

    @property
    def reads_animals(self) -> bool:
        """Whether it reads the animals beside the typical one."""
        return self.kind == "share_alive" or (self.course is not None and self.course.of_whom != "typical")

    def needs(self, experiment: Experiment) -> Mapping[str, frozenset[float]]:
        """Return the concentrations or doses that it reads of each series; all of them where it names none."""
        found: dict[str, frozenset[float]] = {}
        for text in self.arms.values():
            words = [word.strip() for word in text.split("@")]
            every = experiment.series[words[0]].concentrations
            read = {every[row(experiment.series[words[0]], words[1], self.file)]} if len(words) > 1 else set(every)
            read |= {every[0]} if self.kind == "gr_difference" else set()
            found[words[0]] = found.get(words[0], frozenset()) | read
        return found


@dataclass(frozen=True)
class Part:
    """One part of a test or one control: a measure with its bounds, in the shown unit after `scale`.

    `report` is empty or ``smallest_margin``: then the outcome says in words which margin the draws meet. `reads` is the id of the
    experiment that it reads, empty for the first of the claim.
    """

    id: str
    title: str
    unit: str
    scale: float
    below: float | None
    above: float | None
    measure: Measure
    report: str = ""
    reads: str = ""

    @property
    def bound(self) -> str:
        """Return the bounds in words."""
        words = []
        if self.above is not None:
            words.append(f"at least {self.above:g}")
        if self.below is not None:
            words.append(f"at most {self.below:g}")
        return " and ".join(words) + ("" if self.unit in ("fold", "dimensionless") else f" {self.unit}")

    def exists(self, values: np.ndarray) -> np.ndarray:
        """Return for each draw whether there is a value; the time to what never happens is infinite and is one."""
        never = np.isposinf(values) if self.measure.kind == "time_to" else np.zeros(values.shape, bool)
        return np.asarray(np.isfinite(values) | never)

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return for each draw whether the bounds hold; a value that does not exist does not hold them."""
        good = self.exists(values)
        if self.below is not None:
            good &= values <= self.below
        if self.above is not None:
            good &= values >= self.above
        return np.asarray(good)


def arm(text: str, measure: Measure, readings: Readings) -> np.ndarray:
    """Return the output of one arm, shape (draw,).

    Raises
    ------
    ClaimError
        For a series, concentration or time that the experiment does not have.
    """
    reading, at, time = locate(text, measure, readings)
    return np.asarray(reading.at(measure.output, time)[at])


def locate(text: str, measure: Measure, readings: Readings) -> tuple[Reading, int, float]:
    """Return the reading, the row of the concentration and the time that an arm names."""
    words = [word.strip() for word in text.split("@")]
    reading = readings.series[words[0]]
    at = row(reading.series, words[1], measure.file)
    return reading, at, quantity(words[2], "h", measure.file, text) if len(words) > 2 else measure.time


def row(series: Series, text: str, file: str, id: str | None = None) -> int:
    """Return which of the concentrations or doses of a series a text such as ``10 nM`` or ``10 mg/kg`` names.

    Raises
    ------
    ClaimError
        For one that is not among them.
    """
    wanted = quantity(text, series.unit, file, id or text)
    found = [i for i, value in enumerate(series.concentrations) if np.isclose(value, wanted, rtol=1e-9, atol=0.0)]
    if not found:
        known, what = ", ".join(f"{value:g}" for value in series.concentrations), "dose" if series.regimen else "concentration"
        repair = f"Name one of these, or add the {what} to the series"
        raise ClaimError(
            Issue(f"the series has no arm at {text}", file=file, id=id, expected=f"one of {known} {series.unit}", repair=repair)
        )
    return found[0]


def read_part(entry: Mapping[str, object], experiment: Experiment, file: str) -> Part:
    """Return the part or control that a claim file writes.

    Raises
    ------
    ClaimError
        For an unknown kind, a missing field, or an arm that the experiment does not have.
    """
    if not isinstance(entry, dict):
        problem, expected, repair = (
            f'"{entry}" is no part',
            "id, title, unit, scale, a bound and a measure",
            "Write its fields below one dash",
        )
        raise ClaimError(Issue(problem, file=file, id="parts", expected=expected, repair=repair))
    id = str(entry.get("id", "parts"))
    try:
        spec = dict(entry["measure"])
        measure = _measure(spec, file, id)
        title = str(entry.get("title", entry.get("must_show", "")))
        below, above = _bound(entry, "below"), _bound(entry, "above")
        unit, scale, report = str(entry["unit"]), float(str(entry["scale"])), str(entry.get("report", ""))
        part = Part(id, title, unit, scale, below, above, measure, report, experiment.id)
    except (KeyError, TypeError, ValueError) as problem:
        expected = f"a measure of kind {', '.join(ARMS)} with its arms"
        words, repair = _unreadable(problem, entry)
        raise ClaimError(Issue(f"the part cannot be read: {words}", file=file, id=id, expected=expected, repair=repair)) from None
    if part.below is None and part.above is None:
        expected, repair = "below or above, so that it can fail", f'Add "below: 50" or "above: 50" with the bound in {part.unit}'
        raise ClaimError(Issue("the part has no bound", file=file, id=id, expected=expected, repair=repair))
    _check_report(part, file)
    _check_arms(part, experiment, file)
    return part


def _unreadable(problem: Exception, entry: Mapping[str, object]) -> tuple[str, str]:
    """Return in words why a part cannot be read, and what to do."""
    if isinstance(problem, KeyError):
        spec = entry.get("measure")
        kind = str(spec["kind"]) if isinstance(spec, dict) and "kind" in spec else ""
        if problem.args == (kind,):
            return f'the kind "{kind}" is not known', "Write one of these kinds"
        return f'"{problem.args[0]}" is missing', f'Add "{problem.args[0]}: ..."'
    if isinstance(problem, ValueError):
        return "a number is written with other signs", "Write scale, below, above and least as numbers, without unit"
    return "the measure is no mapping", 'Write "measure:" and below it kind, output, time and the arms'


def _measure(spec: Mapping[str, object], file: str, id: str) -> Measure:
    kind = str(spec["kind"])
    matrix = read_matrix(kind, spec, file, id)
    arms = matrix_arms(matrix) if matrix is not None else {name: str(spec[name]) for name in ARMS[kind]}
    then, least = (str(spec["then"]), float(str(spec["least"]))) if kind == "later" else ("", 0.0)
    if not 0.0 <= least < 1.0:
        expected = "a relative change of 0 or more and less than 1, such as 0.05"
        problem, repair = f'least: "{spec["least"]}" is not allowed', "Write the change as a share of the start, not in percent"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair=repair))
    course = read_course(kind, spec, file, id)
    return Measure(kind, str(spec["output"]), quantity(spec["time"], "h", file, id), arms, file, then, least, course, matrix)


def _bound(entry: Mapping[str, object], name: str) -> float | None:
    return None if entry.get(name) is None else float(str(entry[name]))


def _check_report(part: Part, file: str) -> None:
    if not part.report:
        return
    if part.report != SMALLEST_MARGIN:
        problem = f'the report "{part.report}" is not known'
        repair = f'Write "report: {SMALLEST_MARGIN}", or remove the field'
        raise ClaimError(Issue(problem, file=file, id=part.id, expected=SMALLEST_MARGIN, repair=repair))
    if part.measure.kind not in RATIOS or part.scale != 1.0 or part.above is None or part.below is None or not 0 < part.above < part.below:
        expected = f"a measure of kind {', '.join(sorted(RATIOS))}, scale 1, and both above and below, the ends of the margin"
        problem, repair = "the part has no smallest margin", "Give both bounds, or remove the field report"
        raise ClaimError(Issue(problem, file=file, id=part.id, expected=expected, repair=repair))


def _check_arms(part: Part, experiment: Experiment, file: str) -> None:
    issues = []
    for output in filter(None, (part.measure.output, part.measure.then)):
        if output not in experiment.outputs:
            problem = f'the experiment does not observe "{output}"'
            repair = f'Add "{output}" to the outputs in {experiment.file}, or measure another one'
            issues.append(Issue(problem, file=file, id=part.id, expected=", ".join(experiment.outputs), repair=repair))
    for name, text in part.measure.arms.items():
        words = [word.strip() for word in text.split("@")]
        if words[0] not in experiment.series:
            known = "one of " + ", ".join(experiment.series)
            near = get_close_matches(words[0], experiment.series, 1)
            repair = f'Did you mean "{near[0]}"?' if near else f"Name one of these, or add the series to {experiment.file}"
            issues.append(Issue(f'{name}: no series "{words[0]}"', file=file, id=part.id, expected=known, repair=repair))
        elif part.measure.kind in WHOLE or (part.measure.matrix is not None and len(words) == 1):
            issues += _whole_series(text, words, part, experiment, file)
        elif len(words) > 1:
            row(experiment.series[words[0]], words[1], file, part.id)
            issues += _one_arm(name, text, words, part, experiment, file)
        else:
            problem, expected = f'"{text}" lacks its concentration', 'such as "series @ 1000 nM"'
            issues.append(Issue(problem, file=file, id=part.id, expected=expected, repair=f'Write "{text} @ " and the concentration'))
    measure = part.measure
    if measure.matrix is not None:
        issues = [*matrix_issues(measure.matrix, experiment, file, part.id), *issues]
    if measure.course is not None:
        issues += course_issues(measure.kind, measure.course, measure.output, measure.time, experiment, file, part.id)
    if issues:
        raise ClaimError(issues)


def _one_arm(name: str, text: str, words: list[str], part: Part, experiment: Experiment, file: str) -> list[Issue]:
    measure = part.measure
    if len(words) > 2 and measure.kind in FROM_START:
        expected = f"no time in the arm: {measure.kind} reads from 0 h to the measure's time"
        repair = "Remove the time from the arm"
        return [Issue(f'"{text}" names a time', file=file, id=part.id, expected=expected, repair=repair)]
    if measure.kind == "gr_difference":
        series = experiment.series[words[0]]
        if series.concentrations[0] > 0 or quantity(words[1], "nM", file, part.id) == 0:
            expected = "an arm with drug of a series whose first concentration is 0 nM"
            problem, repair = f'"{text}" has no vehicle to be compared with', "Name an arm with drug, or add 0 nM to the series"
            return [Issue(problem, file=file, id=part.id, expected=expected, repair=repair)]
    if measure.kind == "gr" and name == "to" and quantity(words[1], "nM", file, part.id) > 0:
        expected, repair = "an arm at 0 nM, whose growth is the reference", f'Write "{words[0]} @ 0 nM"'
        return [Issue(f'"{text}" is not a vehicle', file=file, id=part.id, expected=expected, repair=repair)]
    return _time_issues(words[2] if len(words) > 2 else None, part, experiment, file)


def _whole_series(text: str, words: list[str], part: Part, experiment: Experiment, file: str) -> list[Issue]:
    if len(words) > 1:
        expected, repair = "a whole series, such as its id alone", f'Write "{words[0]}"'
        return [Issue(f'"{text}" names one arm', file=file, id=part.id, expected=expected, repair=repair)]
    if experiment.series[words[0]].concentrations[0] > 0:
        expected, repair = "0 nM as its first concentration", f"Add 0 nM to the series in {experiment.file}"
        return [Issue(f'the series "{words[0]}" has no vehicle', file=file, id=part.id, expected=expected, repair=repair)]
    if len(experiment.series[words[0]].concentrations) < 3:
        expected = "a vehicle and at least two concentrations, between which the curve is read"
        repair = f"Add concentrations to the series in {experiment.file}"
        return [Issue(f'the series "{words[0]}" is too short', file=file, id=part.id, expected=expected, repair=repair)]
    return _time_issues(None, part, experiment, file)


def _time_issues(text: str | None, part: Part, experiment: Experiment, file: str) -> list[Issue]:
    time = part.measure.time if text is None else quantity(text, "h", file, part.id)
    if observed(experiment.times(), time) is not None:
        return []
    expected = f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"
    repair = f"Take one of these times, or change hours and every in {experiment.file}"
    return [Issue(f"the experiment does not observe {time:g} h", file=file, id=part.id, expected=expected, repair=repair)]
