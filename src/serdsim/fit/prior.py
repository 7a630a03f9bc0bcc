"""Priors of PEtab; those of version 2 are cut at the bounds of the parameter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# names of the format, and how many numbers each takes
KINDS = {
    "cauchy": 2, "chisquare": 1, "exponential": 1, "gamma": 2, "laplace": 2, "log-laplace": 2, "log-normal": 2, "log-uniform": 2,
    "normal": 2, "rayleigh": 1, "uniform": 2,
}  # fmt: skip
# the names of version 1: the kind in version 2, and whether it speaks of the parameter on its own scale
KINDS_ONE = {
    "uniform": ("uniform", False),
    "normal": ("normal", False),
    "laplace": ("laplace", False),
    "logNormal": ("log-normal", False),
    "logLaplace": ("log-laplace", False),
    "parameterScaleUniform": ("uniform", True),
    "parameterScaleNormal": ("normal", True),
    "parameterScaleLaplace": ("laplace", True),
}


@dataclass(frozen=True)
class Prior:
    """A distribution by its name in version 2; `log-` means that the logarithm is so distributed.

    In version 1 the `scale` of a parameter may be what is so distributed, and bounds cut nothing off.
    """

    kind: str
    numbers: tuple[float, ...]
    scale: str = "lin"
    cut: bool = True

    def log_density(self, value: float, lower: float, upper: float) -> float:
        """Return the logarithm of the density at `value`, of the distribution cut at the bounds."""
        if not lower <= value <= upper:
            return -math.inf
        law, log = _law(self.kind, self.numbers)
        if (log or self.scale != "lin") and value <= 0.0:
            return -math.inf
        if not self.cut:
            return float(law.logpdf(math.log(value))) - math.log(value) if log else float(law.logpdf(_seen(value, self.scale)))
        ends = [_logarithm(end) if log else end for end in (lower, upper)]
        inside = float(law.cdf(ends[1]) - law.cdf(ends[0]))
        if inside <= 0.0:
            return -math.inf
        density = float(law.logpdf(math.log(value) if log else value))
        return density - math.log(inside) - (math.log(value) if log else 0.0)

    def quantile(self, share: float, lower: float, upper: float) -> float:
        """Return the value below which this share of the distribution lies, of the distribution cut at the bounds.

        Where it has next to nothing between the bounds, this is the end that is nearer to it.
        """
        law, log = _law(self.kind, self.numbers)
        scale = "log" if log else self.scale
        low, high = (_seen(end, scale) for end in (lower, upper))
        if float(law.cdf(low)) > 0.5:  # in the upper tail only the other end of the distribution has digits
            at = float(law.isf(law.sf(low) + share * (law.sf(high) - law.sf(low))))
        else:
            at = float(law.ppf(law.cdf(low) + share * (law.cdf(high) - law.cdf(low))))
        at = min(max(at, low), high)
        return min(max(_back(at, scale), lower), upper)

    @property
    def support(self) -> tuple[float, float]:
        """The ends between which it has a density, on the linear scale."""
        lower, upper = (-math.inf if self.kind in ("cauchy", "laplace", "normal") else 0.0), math.inf
        if self.kind.endswith("uniform"):
            lower, upper = self.numbers
        return _back(lower, self.scale), _back(upper, self.scale)


def numbers_of(kind: str, text: str) -> tuple[float, ...] | str:
    """Return the numbers of a prior that semicolons divide, or words that say what was expected."""
    try:
        numbers = tuple(float(part) for part in text.split(";"))
    except ValueError:
        numbers = ()
    if len(numbers) != KINDS[kind] or not all(math.isfinite(one) for one in numbers):
        return f"{KINDS[kind]} finite numbers, divided by semicolons"
    if kind.endswith("uniform"):
        least = 0.0 if kind.startswith("log-") else -math.inf
        return numbers if least <= numbers[0] < numbers[1] else "a lower end below the upper"
    return numbers if numbers[-1] > 0.0 and (kind != "gamma" or numbers[0] > 0.0) else "a positive scale"


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _seen(value: float, scale: str) -> float:
    """Return a value on a scale."""
    return value if scale == "lin" else _logarithm(value) / (math.log(10.0) if scale == "log10" else 1.0)


def _back(value: float, scale: str) -> float:
    """Return a value of a scale on the linear one."""
    if scale == "lin":
        return value
    try:
        return math.exp(value * (math.log(10.0) if scale == "log10" else 1.0))
    except OverflowError:
        return math.inf


@lru_cache(maxsize=1024)  # making one takes SciPy a millisecond
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
