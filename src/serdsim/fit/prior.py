"""Priors of PEtab, cut at the bounds of the parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

# names of the format, and how many numbers each takes
KINDS = {
    "cauchy": 2, "chisquare": 1, "exponential": 1, "gamma": 2, "laplace": 2, "log-laplace": 2, "log-normal": 2, "log-uniform": 2,
    "normal": 2, "rayleigh": 1, "uniform": 2,
}  # fmt: skip


@dataclass(frozen=True)
class Prior:
    """A distribution by its name in the format; `log-` means that the logarithm is so distributed."""

    kind: str
    numbers: tuple[float, ...]

    def log_density(self, value: float, lower: float, upper: float) -> float:
        """Return the logarithm of the density at `value`, of the distribution cut at the bounds."""
        if not lower <= value <= upper:
            return -math.inf
        law, log = _law(self.kind, self.numbers)
        if log and value <= 0.0:
            return -math.inf
        ends = [_logarithm(end) if log else end for end in (lower, upper)]
        inside = float(law.cdf(ends[1]) - law.cdf(ends[0]))
        if inside <= 0.0:
            return -math.inf
        density = float(law.logpdf(math.log(value) if log else value))
        return density - math.log(inside) - (math.log(value) if log else 0.0)


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _law(kind: str, numbers: tuple[float, ...]) -> tuple[Any, bool]:
    from scipy import stats

    log, name = kind.startswith("log-"), kind.removeprefix("log-")
    if name == "uniform":
        lower, upper = (_logarithm(end) if log else end for end in numbers)
        return stats.uniform(lower, upper - lower), log
    laws = {
        "cauchy": stats.cauchy,
        "chisquare": stats.chi2,
        "exponential": lambda mean: stats.expon(scale=mean),
        "gamma": lambda shape, width: stats.gamma(shape, scale=width),
        "laplace": stats.laplace,
        "normal": stats.norm,
        "rayleigh": lambda width: stats.rayleigh(scale=width),
    }
    return laws[name](*numbers), log
