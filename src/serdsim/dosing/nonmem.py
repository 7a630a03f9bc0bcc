"""Regimens as NONMEM dosing rows, and back.

A row holds ID, TIME [h], AMT, RATE [amount/h], ADDL, II [h], EVID and CMT. NONMEM rows carry no units and no routes:
the compartment stands for drug and route, and the unit of each drug must be said when rows are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from serdsim.dosing.dose import MAX_COUNT, ROUTES, Dose, Route
from serdsim.dosing.regimen import Regimen
from serdsim.errors import Issue, RegimenError

COLUMNS = ("ID", "TIME", "AMT", "RATE", "ADDL", "II", "EVID", "CMT")
Row = dict[str, float | int]
_ELSEWHERE = " (simulate --nonmem reads such rows)"


def to_nonmem(regimen: Regimen, compartments: Mapping[str, int], id: int = 1) -> list[Row]:
    """Return one dosing row per dose, sorted by time, doses of the same time in the order of `regimen`.

    Parameters
    ----------
    regimen : Regimen
        Doses as mass or amount; AMT is in the unit of the dose.
    compartments : mapping of str to int
        Compartment number per drug (``"imlunestrant"``) or, taking precedence, per drug and route (``"imlunestrant iv"``).
    id : int
        Value of the column ID.

    Raises
    ------
    RegimenError
        For a concentration, a dose of zero, a drug without compartment, two units in one compartment, and two routes that
        could not be told apart when the rows are read.
    """
    doses = sorted(regimen.doses, key=lambda dose: dose.start_h)
    issues = [issue for dose in doses for issue in _problems(dose, compartments)] or _mixtures(doses, compartments)
    if issues:
        raise RegimenError(issues)
    return [_row(dose, _compartment(dose, compartments), id) for dose in doses]


def _compartment(dose: Dose, compartments: Mapping[str, int]) -> int:
    return compartments.get(f"{dose.drug} {dose.route}", compartments.get(dose.drug, 0))


def _problems(dose: Dose, compartments: Mapping[str, int]) -> list[Issue]:
    issues = []
    if dose.kind == "concentration":
        issues.append(Issue(f"{dose.amount:g} {dose.unit}: a concentration is not an AMT", id=dose.drug, expected="a mass or an amount"))
    if dose.kind == "mass per weight":
        problem, expected = f"{dose.amount:g} {dose.unit}: an AMT does not know the body weight", "a mass or an amount"
        issues.append(Issue(problem, id=dose.drug, expected=expected))
    if dose.amount == 0:
        issues.append(Issue("a dose of 0 is no dosing row of NONMEM", id=dose.drug, expected="an amount above 0"))
    if dose.duration_h and not 0 < dose.amount / dose.duration_h < math.inf:
        issues.append(Issue("the rate of the infusion is not a finite number above 0", id=dose.drug))
    if _compartment(dose, compartments) < 1:
        expected = "one of " + ", ".join(sorted(compartments)) if compartments else "a compartment number from 1 on"
        issues.append(Issue("no compartment is given for this drug", id=dose.drug, expected=expected))
    return issues


def _mixtures(doses: Sequence[Dose], compartments: Mapping[str, int]) -> list[Issue]:
    issues = []
    for number in sorted({_compartment(dose, compartments) for dose in doses}):
        here = [dose for dose in doses if _compartment(dose, compartments) == number]
        whats = sorted({f"{dose.drug} in {dose.unit}" for dose in here})
        # an infusion differs from a bolus by its RATE, so both may share the compartment
        routes = sorted({dose.route or "no route" for dose in here} - {"iv-inf"})
        for mixed in (whats, routes):
            if len(mixed) > 1:
                problem = f"compartment {number} gets {' and '.join(mixed)}, which rows cannot tell apart"
                issues.append(Issue(problem, id=here[0].drug, expected="one drug, unit and route per compartment"))
    return issues


def _row(dose: Dose, compartment: int, id: int) -> Row:
    rate = dose.amount / dose.duration_h if dose.duration_h else 0.0
    values = (id, float(dose.start_h), float(dose.amount), rate, dose.count - 1, float(dose.interval_h or 0.0), 1, compartment)
    return dict(zip(COLUMNS, values, strict=True))


def from_nonmem(
    rows: Iterable[Mapping[str, object]],
    drug_of_compartment: Mapping[int, str],
    units: str | Mapping[str, str] = "mg",
    id: int | None = None,
) -> Regimen:
    """Return the doses that NONMEM rows say; observation rows are passed over.

    The inverse of `to_nonmem` for doses in order of time. The length of an infusion, AMT/RATE, is exact when it has at
    most 15 significant digits.

    Parameters
    ----------
    rows : iterable of mapping
        One mapping per row, numbers or text, ``.`` and None for missing. Without EVID a row with AMT is a dose.
    drug_of_compartment : mapping of int to str
        Drug (``"imlunestrant"``) or drug and route (``"imlunestrant po"``) per compartment. RATE makes any of them ``iv-inf``.
    units : str or mapping of str to str
        Unit of AMT, for all drugs or per drug.
    id : int or None
        The individual to read; None when the rows hold one.

    Raises
    ------
    RegimenError
        With every row that cannot be read: SS, modelled rates (-1, -2), F, ALAG, resets, ADDL without II, time that runs
        backward, unknown compartments, several individuals. `simulation.nonmem` runs such rows as they are.
    """
    issues: list[Issue] = []
    doses: list[Dose] = []
    last = -math.inf
    for number, row in enumerate(_of(rows, id), start=1):
        try:
            dose, last = _read(row, last, drug_of_compartment, units)
        except RegimenError as error:
            issues += [replace(issue, problem=f"row {number}: {issue.problem}") for issue in error.issues]
        else:
            doses += [dose] if dose else []
    if issues:
        raise RegimenError(issues)
    return Regimen(tuple(doses))


def _of(rows: Iterable[Mapping[str, object]], id: int | None) -> list[Mapping[str, object]]:
    kept = [row for row in rows if id is None or _number(row, "ID", 1.0) == id]
    ids = sorted({_number(row, "ID", 1.0) for row in kept})
    if len(ids) > 1:
        listed = ", ".join(f"{number:g}" for number in ids[:8])
        raise RegimenError(Issue(f"the rows hold {len(ids)} individuals ({listed})", expected="one individual", repair="Name one with id="))
    return kept


def _number(row: Mapping[str, object], column: str, missing: float) -> float:
    cell = row.get(column)
    if cell is None or str(cell).strip() in ("", "."):
        return missing
    try:
        value = float(str(cell))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RegimenError(Issue(f"{column} is {cell!r}", expected="a finite number, or . where missing"))
    return value


def _read(
    row: Mapping[str, object], last: float, drug_of_compartment: Mapping[int, str], units: str | Mapping[str, str]
) -> tuple[Dose | None, float]:
    time, amount = _number(row, "TIME", math.nan), _number(row, "AMT", 0.0)
    event = _number(row, "EVID", 1.0 if amount else 0.0)
    _refuse_traps(row, time, last, event, amount)
    if event != 1:
        return None, time
    drug, route, unit = _way_in(int(_number(row, "CMT", 0.0)), drug_of_compartment, units)
    rate, more, interval = (_number(row, column, 0.0) for column in ("RATE", "ADDL", "II"))
    count = int(more) + 1
    duration = _duration(amount, rate) if rate else None
    return Dose(drug, amount, unit, "iv-inf" if rate else route, duration, interval if count > 1 else None, count, time), time


def _refuse_traps(row: Mapping[str, object], time: float, last: float, event: float, amount: float) -> None:
    rate, more, interval, steady = (_number(row, column, 0.0) for column in ("RATE", "ADDL", "II", "SS"))
    share, lag = _number(row, "F", 1.0), _number(row, "ALAG", 0.0)
    dose = event == 1
    traps = (
        (not math.isfinite(time), "TIME is missing", "hours"),
        (time < last, f"TIME {time:g} is before the row above ({last:g})", "rows in order of time"),
        (event not in (0, 1, 2), f"EVID is {event:g}", f"0, 1 or 2; a reset (3, 4) cannot be said in a regimen{_ELSEWHERE}"),
        (steady != 0, f"SS is {steady:g}", f"0; write the doses that lead to the steady state{_ELSEWHERE}"),
        (dose and rate < 0, f"RATE is {rate:g}, a rate or duration that a model computes", f"0 or the rate of the infusion{_ELSEWHERE}"),
        (dose and share != 1, f"F is {share:g}", f"1; write the amount that arrives{_ELSEWHERE}"),
        (dose and lag != 0, f"ALAG is {lag:g}", f"0; write the time of arrival{_ELSEWHERE}"),
        (dose and amount <= 0, f"AMT is {amount:g} in a dosing row", "an amount above 0"),
        (dose and (more != int(more) or not 0 <= more < MAX_COUNT), f"ADDL is {more:g}", f"a whole number from 0 to {MAX_COUNT - 1}"),
        (dose and more > 0 and interval <= 0, f"ADDL is {more:g} but II is {interval:g}", "II above 0 where ADDL is above 0"),
    )
    wrong = [Issue(problem, expected=expected) for found, problem, expected in traps if found]
    if wrong:
        raise RegimenError(wrong)


def _way_in(number: int, drug_of_compartment: Mapping[int, str], units: str | Mapping[str, str]) -> tuple[str, Route | None, str]:
    if number not in drug_of_compartment:
        listed = ", ".join(f"{known}" for known in sorted(drug_of_compartment)) or "none"
        raise RegimenError(Issue(f"CMT is {number}, which stands for no drug", expected=f"one of {listed}"))
    drug, _, route = drug_of_compartment[number].partition(" ")
    known: dict[str, Route | None] = {"": None} | {name: name for name in ROUTES}
    if route not in known:
        raise RegimenError(Issue(f'route "{route}" of compartment {number} is unknown', id=drug, expected="one of po, im, iv, iv-inf"))
    unit = units if isinstance(units, str) else units.get(drug)
    if unit is None:
        raise RegimenError(Issue("no unit of AMT is given for this drug", id=drug, expected="for example mg"))
    return drug, known[route], unit


def _duration(amount: float, rate: float) -> float:
    duration = amount / rate
    short = float(f"{duration:.15g}")
    # the division rounds: of the lengths that give this rate, take the one a person would write
    return short if amount / short == rate else duration
