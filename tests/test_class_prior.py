"""The class prior: random effects by hand, what counts as informed, and members that are really left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, edit, set_cell
from serdsim.analysis.class_prior import class_rows, random_effects
from serdsim.analysis.class_records import read_class_record
from serdsim.analysis.leave_one_out import class_prior_section, left_out
from serdsim.claims.evidence_rows import read_facts
from serdsim.errors import ClaimError
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library

LIBRARY = shipped_library()
FLAT = {"centre": 0.0, "spread": 1e6}


def rows_in(library: Path, left: str | None = None):
    return class_rows(read_class_record(library), library, read_facts(library), left_out=left)


def outcomes_in(library: Path, seed: int = 1):
    record = read_class_record(library)
    small = replace(record, assay=replace(record.assay, draws=25, seed=seed, concentrations=np.array([0.0, 0.01, 0.1, 1.0, 10.0, 100.0])))
    return {one.drug: one for one in left_out(small, library, read_facts(library))}


def test_members_that_do_not_differ_are_pooled_by_hand():
    """Without a deviation between members: precisions 1 and 4 give the mean (0 + 4) / 5 and the variance 1 / 5."""
    found = random_effects([0.0, 1.0], [1.0, 0.5], **FLAT, tau=1e-7)
    assert found.mean == pytest.approx(0.8, abs=1e-6)
    assert found.sd == pytest.approx(np.sqrt(0.2), rel=1e-5)


def test_without_members_the_hyperprior_is_left():
    """A new member then has the variance spread^2 + E[t^2], and E[t^2] of a half-normal is its scale squared."""
    found = random_effects([], [], centre=1.5, spread=2.0, tau=0.5)
    assert found.mean == pytest.approx(1.5, abs=1e-12)
    assert found.sd == pytest.approx(np.sqrt(4.25), rel=1e-6)


def test_three_members_agree_with_brute_force_over_mean_and_deviation():
    x, sd, centre, spread, tau = [0.3, -0.4, 1.1], [0.3, 0.2, 0.5], 0.5, 1.5, 0.5
    mu, t = np.meshgrid(np.linspace(-9.0, 10.0, 1901), np.linspace(0.0, 4.0, 801), indexing="ij")
    logs = -0.5 * ((mu - centre) / spread) ** 2 - 0.5 * (t / tau) ** 2
    for value, width in zip(x, sd, strict=True):
        logs -= 0.5 * (value - mu) ** 2 / (width**2 + t**2) + 0.5 * np.log(width**2 + t**2)
    weight = np.exp(logs - logs.max())
    weight[:, 0] /= 2.0
    weight /= weight.sum()
    mean = (weight * mu).sum()
    found = random_effects(x, sd, centre=centre, spread=spread, tau=tau)
    assert found.mean == pytest.approx(mean, abs=1e-4)
    assert found.sd == pytest.approx(np.sqrt((weight * (t**2 + (mu - mean) ** 2)).sum()), rel=1e-3)
    assert found.between == pytest.approx((weight * t).sum(), rel=1e-3)


def test_a_new_member_is_less_certain_than_any_that_it_is_predicted_from():
    """One member alone, and members that disagree: the prediction is wider than each of them."""
    assert random_effects([0.0], [0.3], **FLAT, tau=0.5).sd > np.hypot(0.3, 0.3)
    assert random_effects([-1.0, 0.0, 1.0], [0.3, 0.3, 0.3], **FLAT, tau=0.5).sd > 0.3
    widths = [random_effects([0.1, 0.0, -0.1], [0.3] * 3, **FLAT, tau=tau).sd for tau in (0.1, 0.25, 0.5, 1.0)]
    assert widths == sorted(widths) and widths[-1] > 1.2 * widths[0]


def test_the_subjects_rows_are_what_the_class_prior_computes():
    """Nobody edits them by hand: verification/class_prior.py writes them."""
    record = read_class_record(LIBRARY)
    table = {row.text("id"): row for row in rows_of(LIBRARY / "drugs.tsv", "drug") if row.text("drug") == record.subject}
    predicted = rows_in(LIBRARY)
    assert {id for id, row in table.items() if row.text("distribution") != "fixed"} == set(predicted)
    for id, row in predicted.items():
        assert (table[id].number("value"), table[id].number("prior")) == (row.value, row.prior), id
        assert table[id].text("distribution") == row.distribution and table[id].text("grade") == "assumption", id
        assert table[id].text("locator") == "; ".join(row.rows) and table[id].text("source") == "; ".join(row.source), id
        assert (table[id].text("note"), table[id].number("upper")) == (row.why, row.upper), id


def test_only_what_enough_sisters_are_informed_about_is_pooled():
    record, rows = read_class_record(LIBRARY), rows_in(LIBRARY)
    assert len(rows["Kd"].members) >= record.least
    wide = {entry.id: entry for entry in record.ids}
    for id, row in rows.items():
        assert row.members == () or len(row.members) >= record.least
        if not row.members:
            said = wide[id].of_subject or wide[id]
            assert (row.value, row.prior) == (said.value, said.width)


def test_what_is_said_of_the_subject_alone_predicts_no_sister():
    record = read_class_record(LIBRARY)
    (entry,) = [entry for entry in record.ids if entry.of_subject]
    facts = read_facts(LIBRARY)
    for sister in record.members:
        assert class_rows(record, LIBRARY, facts, left_out=sister)[entry.id].value == entry.value != entry.of_subject.value
    assert {facts[id].role for id in entry.of_subject.rows} == {"prior"}


def test_a_row_that_is_kept_for_validation_informs_nothing(tmp_path):
    library = copied(tmp_path)
    for row in ("P071", "P072", "P073.camizestrant", "P073.giredestrant", "P043.degradation"):
        set_cell(library, "evidence.tsv", (row,), "role", "validate")
    rows = rows_in(library)
    assert rows["Kd"].members == () and rows["Kd"].rows == ()
    with pytest.raises(ClaimError, match="validate"):
        outcomes_in(library)


def test_the_subjects_own_rows_change_nothing(tmp_path):
    library = copied(tmp_path)
    set_cell(library, "drugs.tsv", ("imlunestrant", "Kd"), "value", "5000")
    assert rows_in(library) == rows_in(LIBRARY)
    assert outcomes_in(library) == outcomes_in(LIBRARY)


def test_a_member_is_really_left_out(tmp_path):
    """An absurd sister moves the predictions of the others and, of its own, not a digit."""
    library = copied(tmp_path)
    before = outcomes_in(LIBRARY)
    for id, value in (("Kd", "90000"), ("k_on", "0.001"), ("fu_plasma", "0.9"), ("k_deg_nuc", "0.001")):
        set_cell(library, "drugs.tsv", ("camizestrant", id), "value", value)
    after = outcomes_in(library)
    assert after["camizestrant"] == before["camizestrant"]
    others = [drug for drug in before if drug not in ("camizestrant", "giredestrant")]
    assert len(others) > 3 and all(after[drug].median > before[drug].median for drug in others)
    assert rows_in(library, "camizestrant") == rows_in(LIBRARY, "camizestrant")


def test_a_row_about_two_members_goes_with_either_of_them(tmp_path):
    """One recalled row speaks of camizestrant and of giredestrant: what the one is held against must not predict it by the other."""
    library = copied(tmp_path)
    assert "giredestrant" not in rows_in(LIBRARY, "camizestrant")["Kd"].members
    assert "giredestrant" in rows_in(LIBRARY, "amcenestrant")["Kd"].members
    before = outcomes_in(LIBRARY)["camizestrant"]
    set_cell(library, "drugs.tsv", ("giredestrant", "Kd"), "value", "90000")
    assert outcomes_in(library)["camizestrant"] == before


def test_a_prediction_that_misses_is_counted_as_missing(tmp_path):
    library = copied(tmp_path)
    set_cell(library, "evidence.tsv", ("P071",), "value", "0.000001")
    found, shipped = outcomes_in(library)["amcenestrant"], outcomes_in(LIBRARY)["amcenestrant"]
    assert not found.inside and not found.near
    assert (found.lo90, found.median, found.hi90) == (shipped.lo90, shipped.median, shipped.hi90)


def test_an_observation_at_an_end_of_its_prediction_is_said_to_be_at_the_edge(tmp_path):
    """At the end itself a few more draws could put it outside; in the middle, or far away, they could not."""
    library, shipped = copied(tmp_path), outcomes_in(LIBRARY)["amcenestrant"]
    for value, inside, edge in ((shipped.hi90, True, True), (shipped.median, True, False), (shipped.hi90 * 1e6, False, False)):
        set_cell(library, "evidence.tsv", ("P071",), "value", repr(value))
        found = outcomes_in(library)["amcenestrant"]
        assert (found.inside, found.edge) == (inside, edge), value


def test_the_error_of_the_assay_is_part_of_the_prediction(tmp_path):
    library = copied(tmp_path)
    edit(library, "class_prior.yaml", "{drug: amcenestrant, row: P071, error: 0.3", "{drug: amcenestrant, row: P071, error: 3")
    found, shipped = outcomes_in(library)["amcenestrant"], outcomes_in(LIBRARY)["amcenestrant"]
    assert found.hi90 / found.lo90 > 100.0 * shipped.hi90 / shipped.lo90


def test_predictions_depend_on_the_seed_and_on_nothing_else():
    first = outcomes_in(LIBRARY)
    assert outcomes_in(LIBRARY) == first
    assert outcomes_in(LIBRARY, seed=2) != first


def test_the_section_counts_its_own_outcomes_and_follows_the_library(tmp_path):
    library = copied(tmp_path)
    edit(library, "class_prior.yaml", "  draws: 200", "  draws: 20")
    shipped, own = class_prior_section(LIBRARY), class_prior_section(library)
    assert shipped.summary == f"{sum(one.inside for one in shipped.outcomes)} of {len(shipped.outcomes)}"
    assert (shipped.draws, own.draws) == (200, 20)
    assert own.rests_on != shipped.rests_on and class_prior_section(library) == own
    assert {one.drug for one in own.outcomes} == set(own.members) and own.subject not in own.members
    for one in own.outcomes:
        assert one.lo90 <= one.lo50 <= one.median <= one.hi50 <= one.hi90 and one.failed == 0
        assert one.inside == (one.lo90 <= one.low and one.high <= one.hi90)
    set_cell(library, "drugs.tsv", ("giredestrant", "Kd"), "value", "30")
    assert class_prior_section(library).rests_on != own.rests_on


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("members: [fulvestrant,", "members: [imlunestrant,", "among its own sisters"),
        ("members: [fulvestrant,", "members: [fulvestrin,", "no member"),
        ("least: 3", "fewest: 3", "least"),
        ("hours: 24 h", "hours: 24 nM", "24 nM"),
        ("row: P071,", "row: P0711,", "P071"),
    ],
)
def test_a_broken_file_is_refused_with_what_is_wrong(tmp_path, old, new, problem):
    library = copied(tmp_path)
    edit(library, "class_prior.yaml", old, new)
    with pytest.raises(ClaimError) as caught:
        class_prior_section(library)
    assert problem in str(caught.value)


_BROKEN = {
    "a list that is a text": (
        "sensitivity: [0.5, 2]",
        "sensitivity: twice",
        '  sensitivity: this is "twice"; expected a list.\nWrite [one, another], or each entry on a line of its own after a dash',
    ),
    "a time without its unit": (
        "  hours: 24 h",
        "  hours: 24",
        '  assay, hours: "24" cannot be read; expected a number and a unit of the kind of h, such as "1 h".\n'
        'Write the unit after the number, such as "24 h"',
    ),
    "a number in words": (
        "{drug: fulvestrant, row: P072, error: 0.3",
        "{drug: fulvestrant, row: P072, error: small",
        '  potencies, entry 1, error: this is "small"; expected a number above 0, such as 1.\n'
        "Write digits alone, with a decimal point and without a unit",
    ),
    "a share above one": (
        "distribution: logitnormal, value: 0.03",
        "distribution: logitnormal, value: 3",
        "  ids, fu_plasma, value: a logitnormal quantity is 3; expected a value between 0 and 1.\nGive it as a share",
    ),
    "a share of the subject above one": (
        "of_subject: {value: 0.005",
        "of_subject: {value: 5",
        "  ids, fu_plasma, of_subject, value: a logitnormal quantity is 5; expected a value between 0 and 1.\nGive it as a share",
    ),
    "a scale of nothing": (
        "over: fu_plasma,",
        "over: fu_plasm,",
        '  ids, Kd, over: "fu_plasm" is no other id of this file; expected one of Kd, ',
    ),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_a_broken_class_prior_is_refused_with_its_line(tmp_path, name):
    old, new, said = _BROKEN[name]
    library = copied(tmp_path)
    line = edit(library, "class_prior.yaml", old, new)
    with pytest.raises(ClaimError) as caught:
        read_class_record(library)
    assert str(caught.value).startswith(f"ClaimError: class_prior.yaml:{line}{said}")
    assert len(str(caught.value).splitlines()) == 2
