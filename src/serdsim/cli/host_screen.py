"""What the run of a host shows on a terminal: exposures, markers, the tumour and its response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from serdsim.cli.screen import print_table, print_words

if TYPE_CHECKING:
    from serdsim.analysis.host_course import HostReading

_NOTICE = "Simulated by a research tool: no observation, no medical advice."


def show_readings(readings: Sequence[HostReading]) -> None:
    """Print the readings as tables."""
    _exposures([one for one in readings if one.kind == "exposure"])
    _markers([one for one in readings if one.kind == "lowest"])
    _tumour([one for one in readings if one.kind == "change"])
    _arrest([one for one in readings if one.kind == "arrest"])
    _response([one for one in readings if one.kind == "response"])
    print_words(_NOTICE)


def reading_item(one: HostReading) -> dict[str, Any]:
    """Return the JSON item of a reading."""
    return {
        "reading": one.kind,
        "observable": one.output,
        "title": one.title,
        "measure": one.measure,
        "interval": one.interval or None,
        "unit": one.unit,
        "value": one.value,
        "lo90": one.lo90,
        "hi90": one.hi90,
        "day": one.day,
    }


def _exposures(rows: Sequence[HostReading]) -> None:
    for drug in dict.fromkeys(one.drug for one in rows):
        own = [one for one in rows if one.drug == drug]
        spans = dict.fromkeys(one.interval for one in own)
        print_words(f"{drug}, dosing intervals: {'; '.join(spans)}")
        table = []
        for short, span in dict.fromkeys((one.short, one.interval) for one in own):
            found = {(one.measure, one.unit): one for one in own if (one.short, one.interval) == (short, span)}
            for unit, area in (("nM", "nM*h"), ("ng/mL", "ng*h/mL")):
                if ("highest", unit) in found:
                    high, least, whole = found["highest", unit], found["lowest after it", unit], found["area", area]
                    at = _number(found["time of the highest", "h"])
                    table.append((short, span.partition(",")[0], unit, _number(high), at, _number(least), _number(whole)))
        print_table(("Where", "Interval", "Unit", "Highest", "at, h", "Lowest after", "Area, x h"), table, right=(3, 4, 5, 6))
        print()


def _by_title(rows: Sequence[HostReading]) -> dict[str, dict[str, HostReading]]:
    """Return the readings by what they are called and by what of it they say."""
    found: dict[str, dict[str, HostReading]] = {}
    for one in rows:
        found.setdefault(one.title, {})[one.measure] = one
    return found


def _markers(rows: Sequence[HostReading]) -> None:
    if not rows:
        return
    table = []
    for title, found in _by_title(rows).items():
        unit = "" if found["start"].unit == "dimensionless" else f" {found['start'].unit}"
        low = found["lowest"]
        table.append(
            (
                title,
                _number(found["start"]) + unit,
                _number(low) + unit,
                _number(found["lowest of the start"]) + " %",
                _day(low),
                _number(found["end"]) + unit,
            )
        )
    print_table(("Marker", "At the start", "Lowest", "of the start", "on day", "At the end"), table)
    print()


def _tumour(rows: Sequence[HostReading]) -> None:
    if not rows:
        return
    table = []
    for title, found in _by_title(rows).items():
        best, last = found["best change"], found["change at the end"]
        start = f"{_number(found['start'])} {found['start'].unit.replace('^3', '³')}"
        table.append((title, start, f"{_number(best, '+')} %", _day(best), f"{_number(last, '+')} %", _day(last)))
    print_table(("Tumour", "At the start", "Best change", "on day", "Last change", "on day"), table)
    print()


def _arrest(rows: Sequence[HostReading]) -> None:
    for title in dict.fromkeys(one.title for one in rows):
        said = [
            f"{one.measure} {'yes' if one.value == 100 else 'no' if one.value == 0 else f'in {one.value:.3g} %'}"
            for one in rows
            if one.title == title
        ]
        print_words(f"{title[0].upper()}{title[1:]}: {', '.join(said)}.")


def _response(rows: Sequence[HostReading]) -> None:
    if not rows:
        return
    said = []
    for when in dict.fromkeys(one.measure.partition(": ")[0] for one in rows):
        words = [(one.measure.partition(": ")[2], one.value) for one in rows if one.measure.startswith(when)]
        said.append(f"{when} {', '.join(word if share == 100.0 else f'{word} in {share:.3g} %' for word, share in words)}")
    print_words(f"RECIST 1.1 on the {rows[0].title}, at every output and not at visits: {'; '.join(said)}.")


def _number(one: HostReading, sign: str = "") -> str:
    low, high = _short(one.lo90, sign), _short(one.hi90, sign)
    return _short(one.value, sign) + (f" ({low} to {high})" if low != high else "")


def _short(value: float, sign: str = "") -> str:
    """Return three figures, thousands in full."""
    return format(value, f"{sign}.0f" if 1e3 <= abs(value) < 1e7 else f"{sign}.3g")


def _day(one: HostReading) -> str:
    return "" if math.isnan(one.day) else _short(one.day)
