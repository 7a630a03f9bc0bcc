"""A benchmark problem: one model text for every tool, drawn parameters, doses and output times."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace

import numpy as np


class Unavailable(Exception):
    """A tool or a problem that cannot be had here, in words."""


@dataclass(frozen=True)
class Dose:
    """What is added when: `size` counts in what the id of the species means (a concentration where it has a size)."""

    time: float
    species: str
    size: float


@dataclass(frozen=True)
class Problem:
    """What every tool gets.

    Attributes
    ----------
    name : str
    sbml : str
        The model without its doses; the first dose is part of the start values.
    parameters : tuple of str
        Ids that are drawn.
    draws : ndarray, shape (individual, parameter)
    doses : tuple of Dose
        Later doses, in the order of time, all into one species and at one interval.
    times : ndarray, shape (time,)
    states : tuple of str
    kinds : tuple of {"concentration", "amount", "value"}, shape (state,)
        What an output counts in.
    atol : ndarray, shape (state,)
        Size below which an error does not count; infinite for a state that is not judged.
    scale : ndarray, shape (state,)
        Largest value of each state, filled in with the reference; tools take it for their absolute tolerances.
    """

    name: str
    sbml: str
    parameters: tuple[str, ...]
    draws: np.ndarray
    doses: tuple[Dose, ...]
    times: np.ndarray
    states: tuple[str, ...]
    kinds: tuple[str, ...]
    atol: np.ndarray
    scale: np.ndarray = field(default_factory=lambda: np.empty(0))

    @property
    def individuals(self) -> int:
        """Number of individuals."""
        return len(self.draws)

    @property
    def key(self) -> str:
        """Hash of everything that the solution depends on."""
        told = (self.sbml, self.parameters, [(d.time, d.species, d.size) for d in self.doses], self.states, self.kinds)
        digest = hashlib.sha256(json.dumps(told).encode())
        digest.update(np.ascontiguousarray(self.draws).tobytes() + np.ascontiguousarray(self.times).tobytes())
        return digest.hexdigest()[:16]

    def first(self, individuals: int) -> Problem:
        """Return the problem of the first individuals."""
        return replace(self, draws=self.draws[:individuals])

    def weights(self, rtol: float) -> np.ndarray:
        """Return absolute tolerances per state: a thousandth of the relative tolerance of the largest value."""
        live = self.scale[self.scale > 0.0]
        return np.asarray(1e-3 * rtol * np.where(self.scale > 0.0, self.scale, live.min()))


def lognormal(values: np.ndarray, cv: float, normals: np.ndarray) -> np.ndarray:
    """Return values with the given coefficient of variation and median; `normals` has shape (individual, value)."""
    return np.asarray(values * np.exp(np.sqrt(np.log1p(cv * cv)) * normals))
