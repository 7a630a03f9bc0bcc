"""The evidence table holds what the shared evidence says, with the roles that it gives, and nothing held out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from house_cases import MACHINE_PATH
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.references import read_references, require
from serdsim.tables import Column, read_table, require_unique, write_table
from serdsim.units import parse_unit

LIBRARY = Path(__file__).resolve().parents[1] / "library"
OPEN = ("calibrate", "prior")
TEXTS = ("system", "genotype", "drug", "condition")
COLUMNS = (
    *(Column(name) for name in ("id", "topic", "quantity")),
    *(Column(name, "optional_number") for name in ("value", "low", "high")),
    Column("unit", "unit", required=False),
    *(Column(name, required=False) for name in TEXTS),
    Column("n", "optional_number"),
    Column("source"),
    Column("locator", required=False),
    Column("role", "choice", ("calibrate", "prior", "validate", "context", "gap")),
    Column("reliability", "choice", ("primary", "secondary", "derived", "recalled", "fitted")),
    Column("note", required=False),
)


@pytest.fixture(scope="module")
def rows():
    return read_table(LIBRARY / "evidence.tsv", COLUMNS)


def _numbers(row):
    return [row[name] for name in ("value", "low", "high") if row[name] is not None]


def test_ids_are_unique_and_the_file_is_canonical(rows, tmp_path):
    require_unique(rows, "id")
    write_table(tmp_path / "again.tsv", COLUMNS, rows)
    assert (tmp_path / "again.tsv").read_bytes() == (LIBRARY / "evidence.tsv").read_bytes()


def test_every_source_is_in_the_bibliography(rows):
    require((row.text("source") for row in rows), read_references(LIBRARY / "references.bib"))


def test_a_number_has_a_unit_and_a_unit_has_a_number(rows):
    assert [row["id"] for row in rows if bool(_numbers(row)) != bool(row["unit"])] == []
    for row in rows:
        if row["unit"]:
            parse_unit(row.text("unit"))


def test_bounds_stand_in_order(rows):
    for row in rows:
        low, value, high = row.number("low"), row.number("value"), row.number("high")
        ordered = [number for number in (low, value, high) if number is not None]
        assert ordered == sorted(ordered), row["id"]


def test_gaps_and_imlunestrants_held_out_rows_carry_no_number(rows):
    held = [row for row in rows if row["role"] == "gap" or ("imlunestrant" in row.text("drug") and row["role"] not in OPEN)]
    assert {"P046", "P058", "P076", "P088", "P114", "P116"} <= {row["id"] for row in held}
    # what a statement of the page is compared with; that no number and no fit reads it, test_library.py and test_claim_files.py see
    references = read_references(LIBRARY / "references.bib")
    claims = read_claims(LIBRARY, read_facts(LIBRARY, references), references)
    compared = {id for claim in claims for id in claim.statement.evidence if claim.experiment}
    assert {row["id"] for row in held if _numbers(row)} == {"P147"} & compared
    assert {row["role"] for row in held if _numbers(row)} == {"validate"}


def test_a_recalled_or_assumed_source_is_graded_as_such(rows):
    assert {row["reliability"] for row in rows if row["source"] == "Recalled2026"} == {"recalled"}
    assert {row["reliability"] for row in rows if row["source"] == "Serdsim2026"} == {"derived"}
    assert [row["id"] for row in rows if "vendor's digest" in row.text("note") and row["reliability"] != "recalled"] == []


def test_no_address_and_no_path(rows):
    text = (LIBRARY / "evidence.tsv").read_text(encoding="utf-8")
    assert "http" not in text and "www." not in text and MACHINE_PATH.search(text) is None


@pytest.mark.shared
def test_roles_are_those_of_the_shared_list(rows, shared_dir):
    with (shared_dir / "evidence" / "roles.csv").open(encoding="utf-8", newline="") as stream:
        roles = {record["row_id"]: record["role"] for record in csv.DictReader(stream)}
    listed = [row for row in rows if not row.text("id").startswith("D")]  # rows of the data folder: test_evidence_data.py
    assert [(row["id"], row["role"]) for row in listed if roles.get(row.text("id").split(".")[0]) != row["role"]] == []


@pytest.mark.shared
def test_single_numbers_are_those_of_the_shared_tables(rows, shared_dir):
    shared: dict[str, str] = {}
    for name in ("biology_parameters.csv", "preclinical.csv", "clinical.csv"):
        with (shared_dir / "evidence" / name).open(encoding="utf-8", newline="") as stream:
            shared |= {record["id"]: record["value"] for record in csv.DictReader(stream)}
    checked = 0
    for row in (row for row in rows if not row.text("id").startswith("D")):
        printed = shared[row.text("id").split(".")[0]].split("±")[0].strip(" ~")
        try:
            number = float(printed)
        except ValueError:
            continue
        if row["value"] is not None and "." not in row.text("id"):
            assert row["value"] == abs(number), row["id"]
            checked += 1
    assert checked > 40
