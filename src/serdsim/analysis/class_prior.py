"""The class prior: random effects over sister drugs predict the rows of a drug of which nothing was read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.analysis.class_records import ClassId, ClassRecord
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.judge import stems
from serdsim.errors import ClaimError, Issue
from serdsim.model.library_rows import rows_of
from serdsim.tables import Row

_ROW_ID = re.compile(r"\b[BPCD]\d{3}(?:\.\w+)?\b")
_GRID = 2000  # intervals of the grid of tau
_FAR = 8  # scales of the half-normal; beyond lies less than 1e-15 of it


@dataclass(frozen=True)
class Predictive:
    """What a new member of a class is drawn from, and the mean of the standard deviation between members."""

    mean: float
    sd: float
    between: float


@dataclass(frozen=True)
class ClassRow:
    """A predicted row of drugs.tsv.

    `members` are the sisters that inform it, none where it is the wide assumption; `widths` are those under the other
    scales of the deviation between members. A row that the class knows as a ratio to the row `over` is drawn with it: `prior`
    holds the spread of both, and `together` is their correlation.
    """

    id: str
    value: float
    distribution: str
    prior: float
    upper: float | None
    members: tuple[str, ...]
    widths: tuple[float, ...]
    source: tuple[str, ...]
    rows: tuple[str, ...]
    why: str
    over: str = ""
    together: float = 0.0


def random_effects(x: Sequence[float], sd: Sequence[float], *, centre: float, spread: float, tau: float) -> Predictive:
    """Return the predictive distribution of a new member.

    Parameters
    ----------
    x, sd : sequence of float
        Values of the members and their standard deviations: x_i ~ N(theta_i, sd_i^2), theta_i ~ N(mu, t^2).
    centre, spread : float
        mu ~ N(centre, spread^2).
    tau : float
        Scale of the half-normal distribution of t.

    Notes
    -----
    Given t, mu is normal in closed form; t is integrated on a grid. Nothing is sampled.
    """
    values, variances = np.asarray(x, float)[:, None], np.square(np.asarray(sd, float))[:, None]
    grid = np.linspace(0.0, _FAR * tau, _GRID + 1)
    spreads = variances + grid**2
    precision = 1.0 / spread**2 + np.sum(1.0 / spreads, axis=0)
    mean = (centre / spread**2 + np.sum(values / spreads, axis=0)) / precision
    # log of N(x; mu, spreads) N(mu; centre, spread) / N(mu; mean, 1/precision), the same for every mu; taken at mu = mean
    fit = np.sum(np.square(values - mean) / spreads + np.log(spreads), axis=0) + np.square(mean - centre) / spread**2 + np.log(precision)
    logs = -fit / 2.0 - np.square(grid / tau) / 2.0
    weight = np.exp(logs - logs.max())
    weight[[0, -1]] /= 2.0
    weight /= weight.sum()
    middle = float(weight @ mean)
    variance = float(weight @ (1.0 / precision + grid**2 + np.square(mean - middle)))
    return Predictive(middle, math.sqrt(variance), float(weight @ grid))


def class_rows(record: ClassRecord, library: Path, facts: Mapping[str, Fact], *, left_out: str | None = None) -> Mapping[str, ClassRow]:
    """Return the predicted rows by id, from all members but the one that is left out and the rows that speak of it.

    An evidence row that speaks of several members informs about none of them when one of them is held against it.

    Raises
    ------
    ClaimError
        For a member without a row that the class prior needs.
    """
    tables: dict[str, dict[str, Row]] = {}
    for row in rows_of(library / "drugs.tsv", "drug"):
        tables.setdefault(row.text("drug"), {})[row.text("id")] = row
    members = [drug for drug in record.members if drug != left_out]
    _require(members, record, tables)
    held_against = stems(potency.row for potency in record.potencies if potency.drug == left_out)
    facts = {id: fact for id, fact in facts.items() if not stems([id]) & held_against}
    found: dict[str, ClassRow] = {}
    for entry in sorted(record.ids, key=lambda one: bool(one.over)):
        informed = [drug for drug in members if _informing(tables[drug][entry.id], drug, record, facts)]
        if len(informed) < record.least:
            found[entry.id] = _assumed(entry.of_subject if entry.of_subject and left_out is None else entry, len(informed))
        else:
            found[entry.id] = _informed(entry, informed, found.get(entry.over), tables, record, facts)
    return {entry.id: found[entry.id] for entry in record.ids}


def _require(members: Sequence[str], record: ClassRecord, tables: Mapping[str, Mapping[str, Row]]) -> None:
    issues = [
        Issue(f'"{drug}" has no row "{entry.id}" in drugs.tsv', file=record.file, id=drug, expected="the rows of a ligand")
        for drug in members
        for entry in record.ids
        if entry.id not in tables.get(drug, {})
    ]
    if issues:
        raise ClaimError(issues)


def _assumed(entry: ClassId, informed: int) -> ClassRow:
    few = "no sister is" if informed == 0 else f"{informed} {'sister is' if informed == 1 else 'sisters are'}"
    why = f"class prior: {few} informed by a number, too few; a wide assumption: {entry.why}"
    return ClassRow(entry.id, entry.value, entry.distribution, entry.width, entry.upper, (), (), entry.source, entry.rows, why)


def _informed(
    entry: ClassId,
    members: Sequence[str],
    base: ClassRow | None,
    tables: Mapping[str, Mapping[str, Row]],
    record: ClassRecord,
    facts: Mapping[str, Fact],
) -> ClassRow:
    def level(value: float) -> float:
        return math.log10(value) if entry.distribution == "lognormal" else math.log(value / (1.0 - value))

    numbers = [float(tables[drug][entry.id].number("value") or 0.0) for drug in members]
    over = [float(tables[drug][entry.over].number("value") or 0.0) if entry.over else 1.0 for drug in members]
    x = [level(number / other) for number, other in zip(numbers, over, strict=True)]
    sd = [float(tables[drug][entry.id].number("prior") or 0.0) for drug in members]
    first, *others = (
        random_effects(x, sd, centre=level(entry.centre), spread=entry.spread, tau=entry.tau * factor)
        for factor in (1.0, *record.sensitivity)
    )
    scale, spread = (base.value, _log10_width(base)) if base else (1.0, 0.0)
    prior = math.hypot(first.sd, spread)
    value = 10.0**first.mean * scale if entry.distribution == "lognormal" else 1.0 / (1.0 + math.exp(-first.mean))
    rows = tuple(dict.fromkeys(id for drug in members for id in _informing(tables[drug][entry.id], drug, record, facts)))
    return ClassRow(
        id=entry.id,
        value=float(f"{value:.4g}"),
        distribution=entry.distribution,
        prior=float(f"{prior:.3g}"),
        upper=entry.upper,
        members=tuple(members),
        widths=tuple(float(f"{math.hypot(other.sd, spread):.3g}") for other in others),
        source=tuple(dict.fromkeys(fact.source for id in rows for fact in _named(id, facts))),
        rows=rows,
        why=f"class prior over {len(members)} sisters: {', '.join(members)}"
        + (f"; as a ratio to {entry.over}, with which it is drawn" if entry.over else ""),
        over=entry.over,
        together=float(f"{spread / prior:.4f}"),
    )


def _log10_width(row: ClassRow) -> float:
    """Return the standard deviation of a row on the log10 scale; that of a share to first order around its value."""
    return row.prior if row.distribution == "lognormal" else row.prior * (1.0 - row.value) / math.log(10.0)


def _informing(row: Row, drug: str, record: ClassRecord, facts: Mapping[str, Fact]) -> list[str]:
    """Return the evidence rows with a number about this drug that its row names; those kept for validation never count."""
    names = (drug, *record.also_called.get(drug, ()))
    return [
        id
        for id in _ROW_ID.findall(row.text("locator"))
        if any(
            fact.numeric and fact.role in ("calibrate", "prior") and any(name in fact.drug for name in names) for fact in _named(id, facts)
        )
    ]


def _named(id: str, facts: Mapping[str, Fact]) -> list[Fact]:
    """Return the evidence row of this id, or all parts of it where it is a stem."""
    return [fact for key, fact in facts.items() if key == id or ("." not in id and stems([key]) == {id})]
