"""An answer with somebody's own values: what they replace, and which verdicts are others than with the library's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serdsim.analysis.own_library import own_library
from serdsim.analysis.own_values import NONE, OwnValue, read_own_values
from serdsim.claims.claim import Claim
from serdsim.claims.own_records import OwnAnswer, OwnChange, OwnRow
from serdsim.claims.records import Answer, Outcome
from serdsim.evidence.passports import HIGH, LOW, claims_by_row
from serdsim.simulation.draws import Marginal, quantile


@dataclass(frozen=True)
class Own:
    """Own values in force: `library` holds them, `base` is the library as it was, `file` where they were read."""

    values: tuple[OwnValue, ...]
    library: Path
    base: Path
    file: Path

    @property
    def rests_on(self) -> Mapping[str, object]:
        """What the run id covers: which values, of which grade, width and source, in the order of the rows."""
        return {"own_values": sorted((dict(value.rests_on) for value in self.values), key=lambda value: str(value["row"]))}


@contextmanager
def own_values(path: Path, library: Path) -> Iterator[Own]:
    """Put the values of a file in the place of rows of a library until the block ends.

    Raises
    ------
    TableError
        With everything that is wrong in the file.
    """
    values = read_own_values(path, library)
    with own_library(library, values) as changed:
        yield Own(values, changed, library, path)


def touched(own: Own, claims: Sequence[Claim]) -> Mapping[str, tuple[str, ...]]:
    """Return the statements whose experiments read a replaced row, each with the names of those rows."""
    readers = claims_by_row(own.base, claims)
    found: dict[str, tuple[str, ...]] = {}
    for value in own.values:
        for id in readers.get((value.row.table, value.row.row.line), ()):
            found[id] = (*found.get(id, ()), value.row.name)
    return found


def compared(own: Own, claims: Sequence[Claim], outcomes: Sequence[Outcome], answer: Callable[[Sequence[str]], Answer]) -> OwnAnswer:
    """Return what own values change.

    Parameters
    ----------
    own : Own
    claims : sequence of Claim
    outcomes : sequence of Outcome
        The answer with them.
    answer : callable
        Answers statements, given by id, with the library as it was, the same draws and seed.
    """
    reads = touched(own, claims)
    with_them = {outcome.statement.id: outcome for outcome in outcomes if outcome.state == "tested"}
    wanted = [id for id in with_them if id in reads]
    before = answer(wanted).outcomes if wanted else ()
    changes = tuple(_change(old, with_them[old.statement.id], reads[old.statement.id]) for old in before)
    rows = tuple(_row(value) for value in own.values)
    return OwnAnswer(str(own.file), rows, changes, tuple(id for id in with_them if id not in reads))


def _change(old: Outcome, new: Outcome, rows: tuple[str, ...]) -> OwnChange:
    words = [str(word or "no verdict") for word in (old.verdict, new.verdict)]
    roles = [str(role or "") for role in (old.data_role, new.data_role)]
    nan = float("nan")
    shares = [nan if p is None else p for p in (old.p_pass, new.p_pass)]
    return OwnChange(old.statement.id, words[0], shares[0], words[1], shares[1], roles[0], roles[1], rows, new.reasons)


def _row(value: OwnValue) -> OwnRow:
    row = value.row.row
    bounds = (row.number("lower"), row.number("upper"))
    old = Marginal(row.number("value") or 0.0, row.text("distribution"), row.number("prior") or 0.0, *bounds)
    new = Marginal(value.value, value.distribution, value.width or 0.0, *bounds)
    told = [] if value.width_from == NONE else [f"width from {value.width_from}"]
    if value.together:
        others = "another number" if value.together == 1 else f"{value.together} others"
        told.append(f"the library draws it together with {others}; here it is drawn apart")
    return OwnRow(
        name=value.row.name,
        unit=row.text("unit"),
        given=value.given,
        before=old.value,
        before_lo90=quantile(old, LOW),
        before_hi90=quantile(old, HIGH),
        before_grade=row.text("grade"),
        after=new.value,
        after_lo90=quantile(new, LOW),
        after_hi90=quantile(new, HIGH),
        after_grade=value.grade,
        source=value.source,
        note="; ".join([*told, *([value.note] if value.note else [])]),
    )
