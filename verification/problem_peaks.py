"""Peaks in the formulas of a host problem: the height of a peak and its time through readings around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PEAK = re.compile(r"\{(cmax|tmax):(\w+)\}")


def with_peaks(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec in whose terms ``{cmax:peak}`` and ``{tmax:peak}`` are formulas of readings.

    Both are means over the readings, of these themselves and of their hours, each reading weighed by its ratio to the middle one to
    the power `peak_power`: they follow the highest reading without a jump from one to the next.
    """
    found = {name: _formulas(one, spec["peak_power"]) for name, one in spec.get("peaks", {}).items()}
    terms = [one | {"formula": PEAK.sub(lambda m: found[m[2]][m[1]], one["formula"])} for one in spec["terms"]]
    return {**spec, "terms": terms}


def _formulas(peak: Mapping[str, Any], power: int) -> dict[str, str]:
    hours = [float(hour) for hour in peak["hours"]]
    read = [f"{{{peak['observable']}:{peak['experiment']}:{peak['from'] + hour:g}}}" for hour in hours]
    weights = [f"({one} / {read[len(read) // 2]})^{power}" for one in read]
    total = " + ".join(weights)
    heights = " + ".join(f"{weight} * {one}" for weight, one in zip(weights, read, strict=True))
    times = " + ".join(f"{weight} * {hour:g}" for weight, hour in zip(weights, hours, strict=True))
    return {"cmax": f"(({heights}) / ({total}))", "tmax": f"(({times}) / ({total}))"}
