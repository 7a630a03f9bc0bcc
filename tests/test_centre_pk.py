"""The tables of pharmacokinetics hold what their script computes, and the script reads open rows only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from library_cases import copied, set_cell
from serdsim.model.recipe import shipped_library

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verification"))
import centre_pk

LIBRARY = shipped_library()


QUICK = tuple(task for task in centre_pk.TASKS if len(task.free) == 1)  # each follows from what the tables hold


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    """What is computed from printed numbers, and what is solved for alone; all others are left to the script."""
    assert {task.free for task in QUICK} == {("F_repeat",)}
    return centre_pk.centred(LIBRARY, QUICK)


def test_the_tables_hold_what_the_script_computes(found: dict[str, dict[str, float]]) -> None:
    held = {(row["drug"], row["id"]): float(str(row["value"])) for row in centre_pk._table(LIBRARY, "pk_human.tsv")}
    assert sum(map(len, found.values())) > 20
    for drug, values in found.items():
        for id, value in values.items():
            assert held[drug, id] == pytest.approx(value, rel=1e-3), f"{drug} {id}"


def test_rows_that_the_script_writes_say_so(found: dict[str, dict[str, float]]) -> None:
    notes = {(row["drug"], row["id"]): str(row["note"]) for row in centre_pk._table(LIBRARY, "pk_human.tsv")}
    said = {place for place, note in notes.items() if "verification/centre_pk.py" in note}
    solved = {(task.drug, id) for task in centre_pk.TASKS for id in task.free}
    assert said == {(drug, id) for drug, values in found.items() for id in values} | solved


def test_a_mouse_is_a_patient_by_body_weight_where_nothing_was_read() -> None:
    tables = centre_pk.tables(LIBRARY, {})
    assert tables["pk_mouse.tsv"] == centre_pk._table(LIBRARY, "pk_mouse.tsv")
    human = {(row["drug"], row["id"]): float(str(row["value"])) for row in tables["pk_human.tsv"]}
    for row in tables["pk_mouse.tsv"]:
        if row["id"] in ("CL", "central") and row["drug"] != "palbociclib":
            power = 0.75 if row["id"] == "CL" else 1.0
            scaled = human[row["drug"], row["id"]] * (0.025 / 70) ** power
            assert float(str(row["value"])) == pytest.approx(scaled, rel=1e-3) and row["grade"] == "assumption" and row["prior"] == 0.5


def test_a_row_that_is_not_open_stops_the_script(tmp_path: Path) -> None:
    library = copied(tmp_path)
    set_cell(library, "evidence.tsv", ("C003",), "role", "validate")
    with pytest.raises(SystemExit, match="C003 has the role validate"):
        centre_pk.centred(library)
