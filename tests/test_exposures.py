"""Published exposures: every row is reproduced within the error that the table states; broken rows are named."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, set_cell
from serdsim.analysis.exposure import Curve, _endpoint, compare_exposures, simulate_exposures, unread_drugs
from serdsim.analysis.exposure_table import read_exposures
from serdsim.claims.evidence_rows import read_facts
from serdsim.errors import InputError
from serdsim.model.library import load
from serdsim.model.recipe import shipped_library, takers
from serdsim.references import read_references

LIBRARY = shipped_library()
EVERY = read_exposures(LIBRARY)


@pytest.fixture(scope="module")
def compared():
    return {one.exposure.id: one for one in compare_exposures(LIBRARY)}


@pytest.mark.parametrize("id", [one.id for one in EVERY])
def test_a_published_exposure_is_reproduced_within_its_stated_error(id, compared):
    one = compared[id]
    assert one.simulated > 0
    assert one.within, f"{one.simulated:.4g} for {one.exposure.value:g} {one.exposure.unit}, error {one.exposure.error:g}"


def test_every_drug_that_can_be_given_to_a_patient_has_an_exposure():
    given = {drug for slot in ("drug", "partner") for drug in takers("pk_human", slot, LIBRARY)}
    assert len(given) >= 10
    assert given == {one.drug for one in EVERY if one.seen.arm.model == "pk_human"}
    assert not given & set(unread_drugs(LIBRARY, "pk_human")) and "giredestrant" in unread_drugs(LIBRARY, "pk_human")


def test_an_exposure_names_open_rows_and_known_sources():
    facts, known = read_facts(LIBRARY), read_references(LIBRARY / "references.bib")
    roles = {id.split(".")[0]: fact.role for id, fact in facts.items()}
    for one in EVERY:
        assert set(one.source) <= set(known), one.id
        words = re.findall(r"\bC\d{3}\b", one.locator)
        assert all(roles[word] in ("calibrate", "prior") for word in words), one.id
        assert words or one.locator == "abstract" or (one.grade == "recalled" and one.note), one.id
        if any(roles[word] == "prior" for word in words):
            assert one.grade == "recalled", one.id


def test_every_row_of_people_is_used():
    """A number of the tables, an exposure, a fit problem or its spec names it, in its locator or in words, or says why it is left out."""
    tables = [path for path in LIBRARY.glob("*.tsv") if path.name != "evidence.tsv"]
    tables += [path for name in ("sources", "left_out") for path in LIBRARY.glob(f"problems/*/{name}.tsv")]
    tables += Path(__file__).parents[1].glob("verification/host_problems/*.yaml")
    text = "".join(path.read_text(encoding="utf-8") for path in tables)
    held = {id for id, fact in read_facts(LIBRARY).items() if fact.role == "validate"}  # only compared: no number may name it
    rows = {id.split(".")[0] for id in read_facts(LIBRARY) if re.match(r"C\d{3}", id) and id not in held}
    assert len(rows) > 80
    assert {id for id in rows if id not in text} == set()


def test_a_changed_number_leaves_the_stated_error():
    """The test above can fail: half the clearance doubles an exposure."""
    rows = [one for one in EVERY if one.id == "imlunestrant.auc_ss"]
    (one,) = simulate_exposures(rows, LIBRARY, {"imlunestrant": {"CL": 0.5 * float(load("pk_human")["CL_drug"].value)}})
    assert one.ratio > 1.6 and not one.within


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("cmax", 100.0),
        ("ctrough", 100 * math.exp(-4.8)),
        ("half_life", math.log(2) / 0.2),
        ("auc", 500 * (1 - math.exp(-4.8))),
        ("auc_inf", 500.0),
    ],
)
def test_endpoints_of_an_exponential_are_those_of_the_closed_form(kind, expected):
    times = np.linspace(0.0, 24.0, 301)
    assert _endpoint(kind, Curve(times, 100.0 * np.exp(-0.2 * times))) == pytest.approx(expected, rel=1e-9)


def test_the_peak_of_absorption_is_that_of_the_closed_form():
    times = np.linspace(0.0, 24.0, 301)
    curve = Curve(times, np.exp(-0.1 * times) - np.exp(-0.9 * times))
    assert _endpoint("tmax", curve) == pytest.approx(math.log(9.0) / 0.8, rel=1e-3)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("unit", "ng/mL", "is no unit of auc"),
        ("error", "0", "a value and an error above 0"),
        ("conditions", "fed", 'the condition "fed" cannot be read'),
        ("to_h", "300", "the window cannot be read"),
        ("regimen", "imlunestrant 400 mg q24h x 14", "has no route"),
        ("conditions", "fet=1", "no such input"),
        ("drug", "giredestrant", "no pharmacokinetics of giredestrant"),
        ("model", "cell", "no pharmacokinetics|means nothing|cannot take"),
    ],
)
def test_a_broken_row_is_named(column, value, said, tmp_path: Path):
    library = copied(tmp_path)
    set_cell(library, "exposures.tsv", ("imlunestrant.auc_ss",), column, value)
    with pytest.raises(InputError, match=said):
        compare_exposures(library)
