"""What a claim measures on the readings of its experiment: ratios, windows, DC50 and half-lives per draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from serdsim.endpoints.dose_response import dc50, half_life
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, observed, quantity
from serdsim.experiments.runner import Reading, Readings


@dataclass(frozen=True)
class Measure:
    """A number per draw.

    `of`, `to`, `low` and `high` name arms as ``series @ concentration`` or ``series @ concentration @ time``.
    """

    kind: str
    output: str
    time: float
    arms: Mapping[str, str]
    file: str

    def needs(self, experiment: Experiment) -> Mapping[str, frozenset[float]]:
        """Return the concentrations [nM] that it reads of each series; all of them where it names none."""
        found: dict[str, frozenset[float]] = {}
        for text in self.arms.values():
            words = [word.strip() for word in text.split("@")]
            every = experiment.series[words[0]].concentrations
            read = {every[_row(every, words[1], self.file)]} if len(words) > 1 else set(every)
            found[words[0]] = found.get(words[0], frozenset()) | read
        return found


@dataclass(frozen=True)
class Part:
    """One part of a test or one control: a measure with its bounds, in the shown unit after `scale`."""

    id: str
    title: str
    unit: str
    scale: float
    below: float | None
    above: float | None
    measure: Measure

    @property
    def bound(self) -> str:
        """Return the bounds in words."""
        words = []
        if self.above is not None:
            words.append(f"at least {self.above:g}")
        if self.below is not None:
            words.append(f"at most {self.below:g}")
        return " and ".join(words) + ("" if self.unit == "fold" else f" {self.unit}")

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return for each draw whether the bounds hold; a value that does not exist does not hold them."""
        good = np.isfinite(values)
        if self.below is not None:
            good &= values <= self.below
        if self.above is not None:
            good &= values >= self.above
        return np.asarray(good)


def values_of(part: Part, readings: Readings) -> np.ndarray:
    """Return the value of a part for each draw, in its shown unit, shape (draw,)."""
    measure = part.measure
    with np.errstate(divide="ignore", invalid="ignore"):  # a window of zero width gives no number, and so does not hold
        return np.asarray(part.scale * _KINDS[measure.kind](measure, readings))


def arm(text: str, measure: Measure, readings: Readings) -> np.ndarray:
    """Return the output of one arm, shape (draw,).

    Raises
    ------
    ClaimError
        For a series, concentration or time that the experiment does not have.
    """
    reading, row, time = locate(text, measure, readings)
    return np.asarray(reading.at(measure.output, time)[row])


def locate(text: str, measure: Measure, readings: Readings) -> tuple[Reading, int, float]:
    """Return the reading, the row of the concentration and the time that an arm names."""
    words = [word.strip() for word in text.split("@")]
    reading = readings.series[words[0]]
    row = _row(reading.series.concentrations, words[1], measure.file)
    return reading, row, quantity(words[2], "h", measure.file, text) if len(words) > 2 else measure.time


def _row(concentrations: tuple[float, ...], text: str, file: str) -> int:
    wanted = quantity(text, "nM", file, text)
    found = [i for i, value in enumerate(concentrations) if np.isclose(value, wanted, rtol=1e-9, atol=0.0)]
    if not found:
        known = ", ".join(f"{value:g}" for value in concentrations)
        raise ClaimError(Issue(f"the series has no arm at {text}", file=file, expected=f"one of {known} nM"))
    return found[0]


def _ratio(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(arm(measure.arms["of"], measure, readings) / arm(measure.arms["to"], measure, readings))


def _window(measure: Measure, readings: Readings) -> np.ndarray:
    low = arm(measure.arms["low"], measure, readings)
    return np.asarray((arm(measure.arms["of"], measure, readings) - low) / (arm(measure.arms["high"], measure, readings) - low))


def _dc50(measure: Measure, readings: Readings, name: str = "of") -> np.ndarray:
    reading = readings.series[measure.arms[name].strip()]
    return dc50(np.array(reading.series.concentrations), reading.at(measure.output, measure.time))


def _dc50_ratio(measure: Measure, readings: Readings) -> np.ndarray:
    return np.asarray(_dc50(measure, readings) / _dc50(measure, readings, "to"))


def _half_life(measure: Measure, readings: Readings) -> np.ndarray:
    reading, row, _ = locate(measure.arms["of"], measure, readings)
    return half_life(reading.times, reading.values[measure.output][row])


_KINDS: dict[str, Callable[[Measure, Readings], np.ndarray]] = {
    "ratio": _ratio,
    "window": _window,
    "dc50": _dc50,
    "dc50_ratio": _dc50_ratio,
    "half_life": _half_life,
}
_NEEDS = {"ratio": ("of", "to"), "window": ("of", "low", "high"), "dc50": ("of",), "dc50_ratio": ("of", "to"), "half_life": ("of",)}


def read_part(entry: Mapping[str, object], experiment: Experiment, file: str) -> Part:
    """Return the part or control that a claim file writes.

    Raises
    ------
    ClaimError
        For an unknown kind, a missing field, or an arm that the experiment does not have.
    """
    id = str(entry.get("id", "?"))
    try:
        spec = dict(entry["measure"])  # type: ignore[call-overload]
        kind, output = str(spec["kind"]), str(spec["output"])
        arms = {name: str(spec[name]) for name in _NEEDS[kind]}
        measure = Measure(kind, output, quantity(spec["time"], "h", file, id), arms, file)
        title = str(entry.get("title", entry.get("must_show", "")))
        part = Part(id, title, str(entry["unit"]), float(str(entry["scale"])), _bound(entry, "below"), _bound(entry, "above"), measure)
    except (KeyError, TypeError, ValueError) as problem:
        raise ClaimError(
            Issue(f"the part cannot be read: {problem}", file=file, id=id, expected=f"a measure of kind {', '.join(_KINDS)} with its arms")
        ) from None
    if part.below is None and part.above is None:
        raise ClaimError(Issue("the part has no bound", file=file, id=id, expected="below or above, so that it can fail"))
    _check_arms(part, experiment, file)
    return part


def _bound(entry: Mapping[str, object], name: str) -> float | None:
    return None if entry.get(name) is None else float(str(entry[name]))


def _check_arms(part: Part, experiment: Experiment, file: str) -> None:
    issues = []
    if part.measure.output not in experiment.outputs:
        issues.append(
            Issue(f'the experiment does not observe "{part.measure.output}"', file=file, id=part.id, expected=", ".join(experiment.outputs))
        )
    for name, text in part.measure.arms.items():
        words = [word.strip() for word in text.split("@")]
        if words[0] not in experiment.series:
            issues.append(
                Issue(f'{name}: no series "{words[0]}"', file=file, id=part.id, expected="one of " + ", ".join(experiment.series))
            )
        elif part.measure.kind in ("dc50", "dc50_ratio"):
            issues += _whole_series(text, words, part, experiment, file)
        elif len(words) > 1:
            _row(experiment.series[words[0]].concentrations, words[1], file)
            issues += _time_issues(words[2] if len(words) > 2 else None, part, experiment, file)
        else:
            issues.append(Issue(f'"{text}" lacks its concentration', file=file, id=part.id, expected='such as "series @ 1000 nM"'))
    if issues:
        raise ClaimError(issues)


def _whole_series(text: str, words: list[str], part: Part, experiment: Experiment, file: str) -> list[Issue]:
    if len(words) > 1:
        return [Issue(f'"{text}" names one arm', file=file, id=part.id, expected="a whole series, such as its id alone")]
    if experiment.series[words[0]].concentrations[0] > 0:
        return [Issue(f'the series "{words[0]}" has no vehicle', file=file, id=part.id, expected="0 nM as its first concentration")]
    return _time_issues(None, part, experiment, file)


def _time_issues(text: str | None, part: Part, experiment: Experiment, file: str) -> list[Issue]:
    time = part.measure.time if text is None else quantity(text, "h", file, part.id)
    if observed(experiment.times(), time) is not None:
        return []
    expected = f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"
    return [Issue(f"the experiment does not observe {time:g} h", file=file, id=part.id, expected=expected)]
