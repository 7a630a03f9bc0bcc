"""Passports: every row of every table of numbers, its interval as it is drawn, and the statements that rest on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, edit, set_cell
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import Claim, read_claims
from serdsim.evidence.passports import Passport, number_tables, passports
from serdsim.experiments.arms import model_of
from serdsim.model.digest import model_digest
from serdsim.model.library import load
from serdsim.model.library_rows import GRADES
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.simulation.draws import Draws, Marginal, draw, drawn, quantile

LIBRARY = shipped_library()
UNKEYED = ("parameters.tsv", "pk_common.tsv")
TABLES = (*UNKEYED, "drugs.tsv", "genotypes.tsv", "cell_lines.tsv", "hosts.tsv", "tissue.tsv", "tolerability.tsv")
TABLES += ("pk_hosts.tsv", "pk_human.tsv", "pk_mouse.tsv")


def claims_of(library: Path) -> tuple[Claim, ...]:
    references = read_references(library / "references.bib")
    return read_claims(library, read_facts(library, references), references)


def lines_of(library: Path) -> set[tuple[str, int]]:
    """Table and line of every row, read as text."""
    return {
        (table, number)
        for table in TABLES
        for number, line in enumerate((library / table).read_text(encoding="utf-8").splitlines(), 1)
        if number > 1 and line.strip() and not line.startswith("#")
    }


@pytest.fixture(scope="module")
def every() -> tuple[Passport, ...]:
    return passports(LIBRARY, claims_of(LIBRARY))


def test_every_row_of_every_table_has_one_passport(every: tuple[Passport, ...]) -> None:
    places = [(passport.table, passport.line) for passport in every]
    assert len(places) == len(set(places))
    assert set(places) == lines_of(LIBRARY)
    assert set(number_tables(LIBRARY)) == set(TABLES)
    # correlations belong to the rows that they join: their passports say so (test_correlations.py reads the table)
    others = {"evidence.tsv", "correlations.tsv", "changed_verdicts.tsv", "salts.tsv", "exposures.tsv", "measurements.tsv"}
    assert {path.name for path in LIBRARY.glob("*.tsv")} - others == set(TABLES), "a table that no passport is made of"


def test_a_passport_says_what_its_row_says(every: tuple[Passport, ...]) -> None:
    for passport in every:
        head, *body = (LIBRARY / passport.table).read_text(encoding="utf-8").splitlines()
        row = dict(zip(head.split("\t"), body[passport.line - 2].split("\t"), strict=True))
        assert (passport.id, passport.unit, passport.grade, passport.note) == (row["id"], row["unit"], row["grade"], row["note"])
        assert (passport.distribution, passport.locator, passport.species) == (row["distribution"], row["locator"], row["species"])
        assert passport.value == float(row["value"])
        assert passport.source == tuple(word.strip() for word in row["source"].split(";"))
        assert passport.source and passport.grade in GRADES and passport.unit


def test_a_row_that_appears_in_a_copied_library_appears_here(tmp_path: Path) -> None:
    library = copied(tmp_path)
    row = "imlunestrant\tnew_one\t2\tnM\tlognormal\t\t\t\t0.5\tassumption\tSerdsim2026\t\t\t\tplanted\n"
    line = edit(library, "drugs.tsv", "imlunestrant\tKd\t", f"{row}imlunestrant\tKd\t")
    found = passports(library, claims_of(library))
    assert {(passport.table, passport.line) for passport in found} == lines_of(library)
    (planted,) = [passport for passport in found if passport.id == "new_one"]
    assert (planted.key, planted.line, planted.note, planted.claims) == ("imlunestrant", line, "planted", ())


@pytest.mark.parametrize(
    "marginal",
    [
        Marginal(3.0, "lognormal", 0.4, row="a"),
        Marginal(0.3, "logitnormal", 1.5, row="a"),
        Marginal(3.0, "lognormal", 0.4, 2.5, 4.0, row="a"),
        Marginal(3.0, "fixed", 0.0, row="a"),
    ],
    ids=["lognormal", "logitnormal", "bounded", "fixed"],
)
def test_median_and_interval_are_those_of_the_draws(marginal: Marginal) -> None:
    values = drawn((marginal,), Draws(40000, 3))[0]
    for share in (0.05, 0.5, 0.95):
        assert quantile(marginal, share) == pytest.approx(float(np.quantile(values, share)), rel=0.02)


def test_intervals_of_the_library_hold_nine_tenths_of_the_draws(every: tuple[Passport, ...]) -> None:
    model = load("cell")
    by_place = {(passport.table, passport.line): passport for passport in every}
    checked = 0
    for id, entry in model.evidence.items():
        passport = by_place[Path(entry.table).name, entry.line or 0]
        value = model.quantity(id).value
        assert value == passport.value
        if entry.distribution == "fixed":
            assert passport.lo90 == passport.median == passport.hi90 == passport.value
        else:
            values = draw(value or 0.0, entry, Draws(4000, 5))
            assert np.mean((values >= passport.lo90) & (values <= passport.hi90)) == pytest.approx(0.9, abs=0.025), id
            checked += 1
    assert checked > 40


def test_a_row_of_the_cell_names_the_fragment_that_declares_it(every: tuple[Passport, ...]) -> None:
    by_id = {passport.id: passport for passport in every if passport.table == "parameters.tsv"}
    assert (by_id["kappa"].module_file, by_id["k_deg_cyt_apo"].module_file) == ("dimers.ant", "receptor.ant")
    assert all(bool(passport.module) == (passport.table in UNKEYED) for passport in every)


def hashes(library: Path) -> dict[str, set[str]]:
    """Hashes of the models of each tested statement."""
    return {
        claim.statement.id: {model_digest(model_of(claim.experiment, series, library)) for series in claim.experiment.series.values()}
        for claim in claims_of(library)
        if claim.experiment is not None
    }


def test_a_number_moves_the_models_of_the_statements_that_it_lists_and_no_other(tmp_path: Path, every: tuple[Passport, ...]) -> None:
    library = copied(tmp_path)
    before = hashes(library)
    idle = [p for p in every if not p.claims and p.distribution == "lognormal"]
    partly = [p for p in every if p.claims and set(p.claims) != set(before)]
    most = max(len(p.claims) for p in every)
    shared = [p for p in every if len(p.claims) == most and p.distribution == "lognormal"]
    assert idle and shared and most > 10 and before
    for passport in (*idle[:1], *idle[-1:], *partly[:1], *shared[:1]):
        own = copied(tmp_path / f"{passport.table}-{passport.line}")
        row = (passport.key, passport.id) if passport.key else (passport.id,)
        set_cell(own, passport.table, row, "value", repr(passport.value * 1.01))
        after = hashes(own)
        assert tuple(id for id in before if after[id] != before[id]) == passport.claims, passport


def test_a_number_borrowed_from_another_drug_counts(tmp_path: Path) -> None:
    library = copied(tmp_path)
    lines = (library / "drugs.tsv").read_text(encoding="utf-8").splitlines()
    own = [line.replace("fulvestrant\t", "made-up\t", 1) for line in lines if line.startswith("fulvestrant\t")]
    (library / "drugs.tsv").write_text("\n".join([*lines, *own]) + "\n", encoding="utf-8")
    claim = next(claim for claim in claims_of(library) if claim.experiment is not None)
    assert claim.experiment is not None
    id, series = next(iter(claim.experiment.series.items()))
    borrowing = replace(series, like={"k_deg_nuc_drug": "made-up : k_deg_nuc_drug"})
    claim = replace(claim, experiment=replace(claim.experiment, series={id: borrowing}))
    found = {passport.id: passport.claims for passport in passports(library, [claim]) if passport.key == "made-up"}
    assert len(found) == len(own)
    assert {id for id, claims in found.items() if claims} == {"k_deg_nuc"}
