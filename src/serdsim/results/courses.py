"""The courses of a run read back from its table, of so many individuals as fit into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.results.table_files import pinned_writer, quoted, text

MOST_NUMBERS = 20_000_000  # 160 MB
_ALIKE = 0.01  # of the largest value
WHO = ("draw", "patient", "lesion")


@dataclass(frozen=True)
class Courses:
    """Outputs over time of the individuals that ended well: the first of a run, who are a fair sample, since draws are independent.

    Attributes
    ----------
    times : ndarray, shape (time,)
        [h]
    values : mapping of str to ndarray, shape (individual, time)
    who : mapping of str to ndarray, shape (individual,)
        Number of the individual, and of draw, patient and lesion where a run has them.
    every : int
        How many individuals the run has.
    partial : bool
        Whether not all of them were read.
    """

    times: np.ndarray
    values: Mapping[str, np.ndarray]
    who: Mapping[str, np.ndarray]
    every: int
    partial: bool = False

    @property
    def individuals(self) -> int:
        """How many are here."""
        return len(self.who["individual"])

    def where(self, chosen: np.ndarray) -> Courses:
        """Return the individuals that are chosen, an array of truths."""
        return Courses(
            self.times,
            {id: one[chosen] for id, one in self.values.items()},
            {id: one[chosen] for id, one in self.who.items()},
            self.every,
            self.partial,
        )

    def apart(self, id: str) -> dict[int | None, Courses]:
        """Return the courses by lesion where an output differs by more than steps of another size make it, else those of one under None."""
        if "lesion" not in self.who:
            return {None: self}
        each: dict[int | None, Courses] = {
            int(number): self.where(self.who["lesion"] == number) for number in np.unique(self.who["lesion"])
        }
        first = next(iter(each.values()))
        alike = all(_alike(one.values[id], first.values[id]) for one in each.values())
        return {None: first} if alike else each

    def with_sum(self, id: str, name: str, lesions: int) -> Courses:
        """Return the patients of whom all lesions ended well, with the sum of an output over their lesions as one more output."""
        person = self.who["individual"] // lesions
        whole = self.where(np.isin(person, np.flatnonzero(np.bincount(person) == lesions)))
        people = whole.individuals // lesions
        sums = whole.values[id].reshape(people, lesions, whole.values[id].shape[1]).sum(axis=1)
        return Courses(whole.times, {**whole.values, name: np.repeat(sums, lesions, axis=0)}, whole.who, whole.every, whole.partial)

    def over(self, start: float, end: float) -> Courses:
        """Return the part between two times [h], both included."""
        part = (self.times >= start - 1e-9) & (self.times <= end + 1e-9)
        return Courses(self.times[part], {id: values[:, part] for id, values in self.values.items()}, self.who, self.every, self.partial)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=0.0, atol=_ALIKE * float(np.max(np.abs(other), initial=0.0)))


def read_courses(table: Path, outputs: Sequence[str], individuals: int, times: int) -> Courses:
    """Return the courses that a table of trajectories holds.

    Parameters
    ----------
    table : Path
        Parquet: individual, time, the outputs, status.
    outputs : sequence of str
    individuals, times : int
        How many of each the run has.
    """
    most = max(1, MOST_NUMBERS // max(1, times * len(outputs)))
    with pinned_writer() as reader:
        source = f"read_parquet({text(table)})"
        columns = [row[0] for row in reader.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        names = ["individual", *(name for name in WHO if name in columns), "time", *outputs]
        wanted = ", ".join(quoted(name) for name in names)
        found = reader.execute(f"SELECT {wanted} FROM {source} WHERE individual < ? AND status = 'ok'", [most]).fetchnumpy()
    count = len(found["time"]) // max(1, times)
    shaped = {name: np.asarray(found[name]).reshape(count, times) for name in names}
    who = {name: shaped[name][:, 0] if count else shaped[name].reshape(-1)[:0] for name in names[: names.index("time")]}
    clock = shaped["time"][0] if count else np.empty(0)
    return Courses(clock, {id: np.asarray(shaped[id], float) for id in outputs}, who, individuals, most < individuals)
