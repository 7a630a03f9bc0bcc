"""A plan with slopes along many columns: a few columns at a time, and only for the individuals that a column moves.

A step with its columns must fit into the caches of a processor, so fifty columns at once cost far more than three times sixteen.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.directions import Direction
from serdsim.engine.native_sensitivity import run_native_sensitivities
from serdsim.engine.plan import Plan
from serdsim.engine.pools import processors
from serdsim.engine.sensitivity import Sensitivities

_COLUMNS = 16  # of one run
_CHUNK = 64  # individuals of one call of the compiled code


@dataclass(frozen=True)
class Found:
    """What a plan gives.

    Attributes
    ----------
    values : ndarray, shape (output, time, individual)
    slopes : ndarray, shape (parameter, output, time, individual)
    final : ndarray, shape (state, individual)
    final_slopes : ndarray, shape (parameter, state, individual)
    good : ndarray of bool, shape (individual,)
        The others are not a number.
    """

    values: np.ndarray
    slopes: np.ndarray
    final: np.ndarray
    final_slopes: np.ndarray
    good: np.ndarray

    @classmethod
    def blank(cls, parameters: int, outputs: int, rows: int, states: int, individuals: int) -> Found:
        """Return what is filled in place."""
        return cls(
            values=np.full((outputs, rows, individuals), np.nan),
            slopes=np.zeros((parameters, outputs, rows, individuals)),
            final=np.full((states, individuals), np.nan),
            final_slopes=np.zeros((parameters, states, individuals)),
            good=np.zeros(individuals, bool),
        )


class Directed:
    """Runs plans of some equations. What a parameter has moved once stays a column, for the sake of the compiled code."""

    def __init__(self, equations: Equations, workers: int | None) -> None:
        self.equations, self.workers = equations, workers or processors()
        self.seconds = 0.0
        self._ids: dict[tuple[Hashable, int], set[str]] = {}
        self._moves: dict[tuple[Hashable, int], set[int]] = {}

    def run(self, key: Hashable, plan: Plan, kinds: np.ndarray, rates: Mapping[str, np.ndarray], slopes: np.ndarray) -> Found:
        """Return outputs and end of all individuals with their slopes by all parameters.

        Parameters
        ----------
        key : hashable
            Names plans of one form: with the same kinds of individuals.
        kinds : ndarray of int, shape (individual,)
            Individuals of a kind are moved by the same parameters.
        rates : mapping of id to ndarray, shape (parameter, individual)
            How fast what individuals bring moves.
        slopes : ndarray, shape (parameter, state, individual)
            Of the initial states.
        """
        begin = time.perf_counter()
        n = plan.individuals
        found = Found.blank(len(slopes), len(plan.outputs), plan.times.shape[0], slopes.shape[1], n)
        for number, columns in enumerate(self._batches(key, kinds, rates, slopes)):
            moved = set().union(*(self._moves[key, j] for j in columns))
            chosen = np.arange(n) if number == 0 else np.nonzero(np.isin(kinds, sorted(moved)))[0]
            self._batch(key, plan, columns, chosen, rates, slopes, found)
        self.seconds += time.perf_counter() - begin
        return found

    def _batches(self, key: Hashable, kinds: np.ndarray, rates: Mapping[str, np.ndarray], slopes: np.ndarray) -> list[list[int]]:
        """Return the parameters of each run, those that move most kinds first."""
        for j in range(len(slopes)):
            ids, moves = self._ids.setdefault((key, j), set()), self._moves.setdefault((key, j), set())
            moving = np.any(slopes[j] != 0.0, axis=0)
            for id, of in rates.items():
                if np.any(of[j]):
                    ids.add(id)
                    moving |= of[j] != 0.0
            moves.update(np.unique(kinds[moving]).tolist())
        active = sorted((j for j in range(len(slopes)) if self._moves[key, j]), key=lambda j: (-len(self._moves[key, j]), j))
        size = -(-len(active) // max(1, -(-len(active) // _COLUMNS)))
        return [active[first : first + size] for first in range(0, len(active), size)] if active else [[]]

    def _batch(
        self, key: Hashable, plan: Plan, columns: Sequence[int], chosen: np.ndarray, rates: Mapping[str, np.ndarray],
        slopes: np.ndarray, found: Found,
    ) -> None:  # fmt: skip
        """Run some individuals with some columns and write down what they give."""
        ids = [tuple(sorted(self._ids[key, j])) for j in columns]
        still = np.zeros(plan.individuals)

        def part(first: int) -> tuple[np.ndarray, Sensitivities]:
            who = chosen[first : first + _CHUNK]
            directions = [
                Direction(of, np.array([rates[id][j, who] if id in rates else still[who] for id in of]).reshape(len(of), len(who)))
                for j, of in zip(columns, ids, strict=True)
            ]
            initial = slopes[list(columns)][:, :, who].transpose(1, 0, 2)
            return who, run_native_sensitivities(self.equations, plan.only(who), directions, initial_slopes=initial)

        with ThreadPoolExecutor(self.workers) as pool:
            for who, one in pool.map(part, range(0, len(chosen), _CHUNK)):
                found.values[:, :, who], found.final[:, who], found.good[who] = (
                    one.arrays.values,
                    one.arrays.final,
                    one.arrays.status == "ok",
                )
                for place, j in enumerate(columns):
                    found.slopes[j][:, :, who] = one.slopes[:, :, place]
                    found.final_slopes[j][:, who] = one.final[:, place]
