"""Figures of animals for the tests of drawings, captions and tables. Every value here is test data; none is a result."""

from __future__ import annotations

import math

from serdsim.experiments.panel import AtRisk, Axis, Band, Bars, Level, Mark, Panel, Paths

NAN = math.nan
INKS = ("rest", "signal", "drug")
ARMS = ("vehicle", "a comparator with a long name, 25 mg/kg weekly", "drug, 10 mg/kg daily")
PERCENT, DAYS = Axis("change of tumour volume from start", "%"), Axis("time from the first dose", "d")


def panel(x: Axis, y: Axis, **parts: object) -> Panel:
    words = {"caption": "Test mice.", "description": "They fall.", "draws": 64, "animals": 12}
    return Panel("test-animals", "Test animals", x, y, **({"bands": ()} | words | parts))  # type: ignore[arg-type]


def bars(label: str, ink: str, top: float, count: int = 12, **changes: object) -> Bars:
    middle = tuple(top - (top + 90.0) * i / max(count - 1, 1) for i in range(count))
    return Bars(label, middle, tuple(v - 20.0 for v in middle), tuple(v + 30.0 for v in middle), ink, **changes)  # type: ignore[arg-type]


def waterfall(count: int = 12, **changes: object) -> Panel:
    arms = tuple(
        bars(label, ink, top, count, control=i == 0)
        for i, (label, ink, top) in enumerate(zip(ARMS, INKS, (600.0, 80.0, -20.0), strict=True))
    )
    more = {"bars": arms, "animals": count, "cut": 150.0, "levels": (Level(-50.0, "half"),), "y_range": (-50.0,)}
    return panel(Axis("animals of each arm", "not said"), PERCENT, **(more | changes))


def paths(label: str, ink: str, rate: float, control: bool = False) -> Paths:
    x = tuple(float(day) for day in range(0, 57, 2))
    lines = tuple(tuple(100.0 * (math.exp(rate * (0.6 + 0.08 * k) * day) - 1.0) for day in x) for k in range(12))
    return Paths(label, x, tuple(100.0 * (math.exp(rate * day) - 1.0) for day in x), lines, ink, control)


def spider(**changes: object) -> Panel:
    arms = tuple(
        paths(label, ink, rate, control)
        for label, ink, rate, control in zip(ARMS, INKS, (0.09, 0.03, -0.04), (True, False, False), strict=True)
    )
    return panel(DAYS, PERCENT, **({"paths": arms, "cut": 300.0} | changes))


def survival(**changes: object) -> Panel:
    x = tuple(float(day) for day in range(0, 85, 4))
    bands, risk = [], []
    for label, ink, half, control in zip(ARMS, INKS, (20.0, 40.0, 90.0), (True, False, False), strict=True):
        left = [math.floor(12 * math.exp(-((day / half) ** 3))) for day in x]
        middle = tuple(100.0 * n / 12 for n in left)
        ends = (tuple(max(0.0, v - 15) for v in middle), tuple(min(100.0, v + 15) for v in middle))
        bands.append(Band(label, x, middle, *ends, ink, control, dash=ink == "signal"))
        risk.append(AtRisk(label, x, tuple(left), ink, control))
    mark = Mark("observed", 68.0, 60.0, None, None, "no interval reported", 10, "Bhagwat2021", "T1", "validate")
    parts = {"bands": tuple(bands), "at_risk": tuple(risk), "marks": (mark,), "y_range": (0.0, 100.0)}
    return panel(DAYS, Axis("animals alive", "%"), **(parts | changes))


LOST = (bars("all lost", "drug", 10.0, 3), Bars("lost", (NAN,) * 3, (NAN,) * 3, (NAN,) * 3))
ANIMAL_PANELS = {
    "waterfall": waterfall(),
    "waterfall of forty": waterfall(40),
    "waterfall of one": waterfall(1),
    "waterfall without values": waterfall(bars=LOST[1:]),
    "waterfall with a lost arm": waterfall(bars=LOST),
    "spider": spider(),
    "spider that is not cut": spider(cut=None),
    "survival": survival(),
    "survival of one arm": survival(bands=survival().bands[2:], at_risk=survival().at_risk[2:]),
}
