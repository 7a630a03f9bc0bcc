"""What a search from many starts found, and its form as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from serdsim.errors import InputError, Issue
from serdsim.fit.descent import Descent
from serdsim.fit.minimise import Settings

WITHIN = 1.92  # half the 95 % quantile of chi-square with one degree of freedom: a likelihood-ratio interval holds such values
FORMAT = 1


@dataclass(frozen=True)
class Multistart:
    """Starts and what they came to.

    Attributes
    ----------
    names : tuple of str
        The parameters, in the order of the vectors.
    seed, asked : int
        `asked` is how many starts were wanted; fewer `descents` are there when the search was cut short.
    settings : Settings
    problem : str
        The name of the problem that the caller gave.
    descents : tuple of Descent
        Those that are done, by number, failures included.
    """

    names: tuple[str, ...]
    seed: int
    asked: int
    settings: Settings
    problem: str
    descents: tuple[Descent, ...]

    @property
    def complete(self) -> bool:
        """Whether every start was taken to its end."""
        return len(self.descents) == self.asked

    @property
    def ranked(self) -> tuple[Descent, ...]:
        """The starts from the lowest value to the highest, those without one at the end; of equal ones the lower number first."""
        return tuple(sorted(self.descents, key=lambda one: (one.value, one.index)))

    @property
    def best(self) -> Descent:
        """The start that came lowest.

        Raises
        ------
        InputError
            When no start has a value.
        """
        if not self.descents or math.isinf(self.ranked[0].value):
            why = sorted({one.why for one in self.descents})
            reasons = f": {'; '.join(why[:3])}" if why else ""
            raise InputError(Issue(f"none of {len(self.descents)} starts found a point with a value{reasons}", id=self.problem or None))
        return self.ranked[0]

    def within(self, distance: float = WITHIN) -> tuple[Descent, ...]:
        """Return the starts whose value lies at most so far above the lowest, however they ended."""
        best = self.best.value
        return tuple(one for one in self.ranked if one.value - best <= distance)

    def share_within(self, distance: float = WITHIN) -> float:
        """Return the share of those starts among all that are done, failures included."""
        return len(self.within(distance)) / len(self.descents)

    def text(self) -> str:
        """Return what was found as sentences for a terminal."""
        counts = {name: sum(one.outcome == name for one in self.descents) for name in ("converged", "stopped", "failed")}
        ways = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        cut = "" if self.complete else f" of {self.asked}"
        near = len(self.within())
        return (
            f"{len(self.descents)}{cut} starts by {self.settings.optimiser}: {ways}; "
            f"{near} ({100 * self.share_within():.0f} %) within {WITHIN} of the lowest value {self.best.value:.6g}."
        )

    def json(self) -> str:
        """Return the whole as JSON that `read_multistart` reads."""
        whole = {
            "format": FORMAT,
            "names": list(self.names),
            "seed": self.seed,
            "asked": self.asked,
            "settings": asdict(self.settings),
            "problem": self.problem,
            "descents": [written(one) for one in self.descents],
        }
        return json.dumps(whole, allow_nan=False, indent=1) + "\n"


def read_multistart(text: str) -> Multistart:
    """Return what `Multistart.json` wrote.

    Raises
    ------
    InputError
        For another text.
    """
    try:
        whole = json.loads(text)
        if whole["format"] != FORMAT:
            raise ValueError
        return Multistart(
            names=tuple(str(name) for name in whole["names"]),
            seed=int(whole["seed"]),
            asked=int(whole["asked"]),
            settings=Settings(**whole["settings"]),
            problem=str(whole["problem"]),
            descents=tuple(descent_of(one) for one in whole["descents"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(Issue("the text is no search from many starts", expected=f"what serdsim writes, format {FORMAT}")) from None


def written(one: Descent) -> dict[str, Any]:
    """Return a descent as plain data, numbers without a value as null."""
    return {name: None if value == math.inf else value for name, value in asdict(one).items()}


def descent_of(data: Mapping[str, Any]) -> Descent:
    """Return the descent that `written` gave.

    Raises
    ------
    ValueError, KeyError, TypeError
        For other data.
    """
    read: dict[str, Any] = {
        "int": int,
        "float": lambda value: math.inf if value is None else float(value),
        "str": str,
        "tuple[float, ...]": lambda value: tuple(float(number) for number in value),
    }
    return Descent(**{one.name: read[str(one.type)](data[one.name]) for one in fields(Descent)})
