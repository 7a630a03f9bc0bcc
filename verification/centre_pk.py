"""Compute the pharmacokinetic numbers that no source prints: apparent values times bioavailability, and what exposures leave open.

    python verification/centre_pk.py             # solve and write
    python verification/centre_pk.py --dry-run   # solve only

Products and ratios are computed from rows of the evidence table. Numbers that exposures open to calibration tell are fitted
(take_host_fit.py pk). What is left, imlunestrant and the relative bioavailability of abemaciclib, rests on recalled exposures: it is solved
so that the model meets them, each weighed by the error that exposures.tsv states for it; where these leave a direction
open, a weak term draws the numbers to the tables' own usual shape (distribution as fast as clearance, equal volumes). Only rows
of the roles calibrate and prior are read. Mouse values are those of patients by body weight; run it after any change of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from serdsim.analysis.exposure import simulate_exposures
from serdsim.analysis.exposure_table import Exposure, read_exposures
from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.dosing.regimen import parse_regimen
from serdsim.model.library_rows import COLUMNS, rows_of
from serdsim.model.recipe import shipped_library
from serdsim.tables import Column, read_table, write_table

OPEN = ("calibrate", "prior")
HUMAN_TO_MOUSE = {"CL": 0.75, "Q": 0.75, "CL_m1": 0.75, "CL_m2": 0.75, "central": 1.0, "peripheral": 1.0, "V_m1": 1.0, "V_m2": 1.0}
TABLE = (Column("drug"), *COLUMNS)
WEAK = 1.0  # width of the weak terms [natural logarithm]
Values = dict[str, float]


class Evidence:
    """Values of evidence rows; a row that is not open to calibration or priors is an error."""

    def __init__(self, library: Path) -> None:
        self.facts: Mapping[str, Fact] = read_facts(library)

    def __call__(self, id: str) -> float:
        fact = self.facts[id]
        if fact.role not in OPEN:
            raise SystemExit(f"{id} has the role {fact.role}")
        return fact.value if fact.value is not None else float(np.sqrt((fact.low or np.nan) * (fact.high or np.nan)))


def printed(e: Evidence, molar: float, hematocrit: float) -> dict[str, Values]:
    """Return the numbers that follow from printed ones alone; `molar` [g/mol] is that of everolimus."""
    f_imlu, f_pal, f_rib, f_alp = e("C007") / 100, e("C241") / 100, e("C264") / 100, e("C272.fed") / 100
    flow = e("C282.flow") * (1.0 - hematocrit)  # of plasma through the liver
    intrinsic = e("C282.fu") * e("C278")
    food = float(np.sqrt(e("C273.auc_high") * e("C273.auc_low")))
    zero_order = 2.0 / (e("C259") / 2.0)
    return {
        "imlunestrant": {"CL": e("C003") * f_imlu},
        "camizestrant": {"ka": 2.0 / (4.0 / e("C156")), "ktr": 2.0 / (4.0 / e("C156"))},
        "palbociclib": {
            "CL": e("C236") * f_pal,
            "central": e("C237") * f_pal,
            "Q": e("C238") * f_pal,
            "peripheral": e("C239") * f_pal,
        },
        "ribociclib": {
            "CL": e("C255") * f_rib,
            "central": e("C256") * f_rib,
            "Q": e("C258") * f_rib,
            "peripheral": e("C257") * f_rib,
            "ka": zero_order,
            "ktr": zero_order,
        },
        "alpelisib": {"food_F": food, "F_po": f_alp / food, "central": e("C269") * f_alp, "CL": e("C274.cl") * f_alp},
        "everolimus": {
            "F_po": flow / (flow + intrinsic),
            "CL": flow * intrinsic / (flow + intrinsic),
            "ka": 2.0 / e("C277"),
            "ktr": 2.0 / e("C277"),
            "B_max_blood": e("C283.bmax") / molar * 1e6,
            "K_blood": e("C283.kd") / molar * 1e6,
        },
    }


@dataclass(frozen=True)
class Task:
    """Numbers of a drug that are solved for, and the exposures that they meet.

    A weak term holds each pair of `near` together and each of `held` to its start, with that width.
    """

    drug: str
    free: tuple[str, ...]
    meets: tuple[str, ...]
    near: tuple[tuple[str, str], ...] = ()
    shares: tuple[str, ...] = ()
    held: tuple[tuple[str, float], ...] = ()


TASKS = (
    Task(
        "imlunestrant",
        ("ka", "central", "peripheral", "Q", "food_ka", "first_pass"),
        ("cmax_ss", "tmax", "half_life", "half_life_phase1", "food_cmax", "itraconazole_cmax", "carbamazepine_cmax"),
        (("Q", "CL"), ("central", "peripheral")),
        shares=("first_pass",),
        held=(("food_ka", 2.0),),
    ),
    Task("abemaciclib", ("F_repeat",), ("ss_auc24", "ss_ctrough"), shares=("F_repeat",)),
)  # fmt: skip


def solve(task: Task, values: Values, exposures: Mapping[str, Exposure], library: Path) -> Values:
    """Return the numbers of a task that meet its exposures best, each by its stated error."""
    wanted = [exposures[f"{task.drug}.{name}"] for name in task.meets]
    start = np.array([_inward(values[id], id in task.shares) for id in task.free])

    def misses(point: np.ndarray) -> np.ndarray:
        now = values | _numbers(task, point)
        found = simulate_exposures(wanted, library, {task.drug: now})
        off = [np.log(one.ratio) / np.log1p(one.exposure.error) for one in found]
        near = [np.log(now[a] / now[b]) / WEAK for a, b in task.near]
        held = [np.log(now[id] / values[id]) / width for id, width in task.held]
        return np.array([*off, *near, *held])

    found = least_squares(misses, start, diff_step=1e-3, xtol=1e-6, ftol=1e-8, bounds=(start - 4.0, start + 4.0))
    return _numbers(task, found.x)


def _numbers(task: Task, point: np.ndarray) -> Values:
    return {id: _outward(x, id in task.shares) for id, x in zip(task.free, point, strict=True)}


def _inward(value: float, share: bool) -> float:
    return float(np.log(value / (1.0 - value)) if share else np.log(value))


def _outward(x: float, share: bool) -> float:
    return float(1.0 / (1.0 + np.exp(-x)) if share else np.exp(x))


# where the search of a task begins; what is held is held to these
STARTS: dict[str, Values] = {
    "imlunestrant": {"ka": 0.6, "central": 350.0, "peripheral": 300.0, "Q": 20.0, "food_ka": 1.0, "first_pass": 0.8},
    "abemaciclib": {"F_repeat": 0.7},
}


def centred(library: Path, tasks: Sequence[Task] = TASKS) -> dict[str, Values]:
    """Return for each drug the numbers that this script writes."""
    rows = {(row.text("drug"), row.text("id")): float(row.number("value") or 0.0) for row in rows_of(library / "pk_human.tsv", "drug")}
    e, exposures = Evidence(library), {one.id: one for one in read_exposures(library)}
    found = printed(e, rows["everolimus", "molar_mass"], hosts(library, "hematocrit")["human"])
    for drug in dict.fromkeys(task.drug for task in tasks):
        values = {id: value for (of, id), value in rows.items() if of == drug} | found.get(drug, {})
        for task in (task for task in tasks if task.drug == drug):
            begin = {id: STARTS[drug][id] for id in task.free}
            values |= (new := solve(task, values | begin, exposures, library))
            found[drug] = found.get(drug, {}) | new
    return found


def hosts(library: Path, id: str) -> dict[str, float]:
    """Return a number of pk_hosts.tsv for each host."""
    rows = rows_of(library / "pk_hosts.tsv", "host")
    return {row.text("host"): row.number("value") or 0.0 for row in rows if row.text("id") == id}


def two_levels(library: Path, weight: float) -> dict[tuple[str, str], float]:
    """Return clearance [L/h] and volume [L] of palbociclib in a mouse, through two levels after a dose into a vein."""
    early, late = (one for one in read_exposures(library) if one.drug == "palbociclib" and one.seen.arm.model == "pk_mouse")
    (dose,) = parse_regimen(early.seen.arm.regimen).doses
    rate = float(np.log(early.value / late.value)) / (late.seen.end - early.seen.end)
    volume = dose.amount * weight * 1e3 / (early.value * float(np.exp(rate * early.seen.end)))  # mg over ug/L
    return {("palbociclib", "CL"): rate * volume, ("palbociclib", "central"): volume}


def written(value: float) -> float:
    """Return a number with the digits that tables give."""
    return float(f"{value:.4g}")


def main() -> None:
    """Solve and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="do not write the tables")
    parser.add_argument("--library", type=Path, default=shipped_library())
    arguments = parser.parse_args()
    found = centred(arguments.library)
    for drug, values in found.items():
        print(f"{drug:14} " + ", ".join(f"{id} {value:.4g}" for id, value in values.items()))
    if arguments.dry_run:
        return
    for name, rows in tables(arguments.library, found).items():
        write_table(arguments.library / name, TABLE, rows)


def tables(library: Path, found: Mapping[str, Values]) -> dict[str, list[dict[str, object]]]:
    """Return the rows of both tables with the numbers that this script writes, those of the mouse by body weight."""
    human, mouse = _table(library, "pk_human.tsv"), _table(library, "pk_mouse.tsv")
    for row in human:
        value = found.get(str(row["drug"]), {}).get(str(row["id"]))
        row["value"] = row["value"] if value is None else written(value)
    weights = hosts(library, "body_weight")
    own = {(row["drug"], row["id"]): row for row in human}
    through = two_levels(library, weights["mouse"])
    for row in mouse:
        if "by verification/centre_pk.py" in str(row["note"]):
            power = HUMAN_TO_MOUSE[str(row["id"])]
            row["value"] = written(float(str(own[row["drug"], row["id"]]["value"])) * (weights["mouse"] / weights["human"]) ** power)
        elif (str(row["drug"]), str(row["id"])) in through:
            row["value"] = written(through[str(row["drug"]), str(row["id"])])
        elif str(row["note"]).startswith("as in patients"):
            row["value"] = own[row["drug"], row["id"]]["value"]
    return {"pk_human.tsv": human, "pk_mouse.tsv": mouse}


def _table(library: Path, name: str) -> list[dict[str, object]]:
    return [dict(row.values) for row in read_table(library / name, TABLE)]


if __name__ == "__main__":
    main()
