"""What would decide a statement: a claim in which one row decides by construction, one in which none does, and the pure parts by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log10
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from library_cases import copied, set_cell
from serdsim.analysis import deciding as room
from serdsim.analysis.deciding import what_decides
from serdsim.analysis.measurements import measurement_of, read_measurements
from serdsim.analysis.screen import narrowed, nearness, region, screened
from serdsim.claims.claim import Claim
from serdsim.claims.deciding_records import FAILS, HOLDS, PASSES, Decider, Deciding, Flip, Held
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.measures import Part
from serdsim.claims.read import read_claims
from serdsim.errors import TableError
from serdsim.experiments.runner import run_experiment
from serdsim.model.library import load
from serdsim.model.named_rows import named_rows
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.simulation.draws import Draws, given_values, quantile_at

LIBRARY = shipped_library()
DRAWS = Draws(64, 1)


def exposure() -> Claim:
    """The claim about exposure by mouth: the model is small, and the share that arrives is a row of its own."""
    references = read_references(LIBRARY / "references.bib")
    claims = read_claims(LIBRARY, read_facts(LIBRARY, references), references)
    return next(claim for claim in claims if claim.statement.id == "MOA-10")


def bounded(claim: Claim, part: Part, *, below: float | None = None, above: float | None = None) -> Claim:
    """Return the claim with one part that has other bounds."""
    return replace(claim, parts=(replace(part, below=below, above=above),), primary=(part.id,))


def decided(claim: Claim, *, deep: bool) -> Deciding:
    return what_decides(claim, [run_experiment(one, DRAWS) for one in claim.measured], DRAWS, LIBRARY, deep=deep)


@pytest.fixture(scope="module")
def claim() -> Claim:
    return exposure()


@pytest.mark.parametrize("deep", [False, True], ids=["quick", "deep"])
def test_the_one_row_that_decides_is_found_with_the_value_at_which_it_flips(claim: Claim, deep: bool) -> None:
    """The measure is the share that arrives itself: it passes in all draws where the row lies above the bound, and in none below."""
    part = claim.parts[0]
    row = next(row for row in named_rows(LIBRARY) if row.full == "pk_human:imlunestrant.F_po")
    centre = 100.0 * (row.row.number("value") or 0.0)
    found = decided(bounded(claim, part, above=centre), deep=deep)
    best = found.best
    assert best is not None and best.row == "pk_human:imlunestrant.F_po" and found.control == ""
    passing = next(flip for flip in best.flips if flip.into == PASSES)
    assert passing.upper is None and passing.lower == pytest.approx(centre / 100.0, rel=0.03 if deep else 0.25)
    failing = next(flip for flip in best.flips if flip.into == FAILS)
    assert failing.lower is None and failing.upper == pytest.approx(centre / 100.0, rel=0.03 if deep else 0.25)
    assert passing.chance + failing.chance == pytest.approx(1.0, abs=0.05 if deep else 0.5)
    assert all(flip.span is not None and flip.span[0] <= flip.chance <= flip.span[1] for flip in best.flips)
    assert "free fraction" not in found.sentence and "plasma of patients after a dose by mouth" in found.sentence
    assert f"at or above {passing.lower:.3g}" in found.sentence and f"at or below {failing.upper:.3g}" in found.sentence


def test_where_two_rows_must_both_be_right_no_single_one_decides(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draw passes where two rows lie on the same side of their centres: holding one leaves the other open."""
    found = what_if(monkeypatch, claim, lambda a, b: (a + 0.01) * (b + 0.01))
    assert found.best is not None and not found.best.flips
    assert found.sentence.startswith("no single number")
    lone = what_if(monkeypatch, claim, lambda a, b: a + 0.0 * b)
    assert lone.best is not None and lone.best.row == "pk_human:imlunestrant.F_po" and lone.best.flips


def what_if(monkeypatch: pytest.MonkeyPatch, claim: Claim, rule) -> Deciding:  # type: ignore[no-untyped-def]
    """Look at a claim whose readings are a rule of two rows, clearance and share that arrives, in standard deviations of their priors."""
    model = load("pk_human", drug="imlunestrant")
    ids = {"pk_human:imlunestrant.F_po": "F_po_drug", "pk_human:imlunestrant.CL": "CL_drug"}
    names = [model.evidence[id].row for id in ids.values()]

    def positions(draws: Draws) -> list[np.ndarray]:
        values = given_values(model, tuple(ids.values()), draws)
        nominal = given_values(model, tuple(ids.values()), Draws(0, 1))
        scale = [given_values(model, (id,), Draws(256, 7))[0] for id in ids.values()]
        logs = [np.log(v) - np.log(m[0]) for v, m in zip(values, nominal, strict=True)]
        return [one / np.std(np.log(s)) for one, s in zip(logs, scale, strict=True)]

    assert set(names) == {"imlunestrant.F_po", "imlunestrant.CL"}

    @dataclass(frozen=True)
    class Fake:
        draws: Draws

    def counted(claim: Claim, readings: list[Fake], copies: int) -> room.Counted:
        holds = rule(*positions(readings[0].draws)).reshape(copies, -1) >= 0
        return room.Counted(holds.mean(axis=1), np.ones((len(claim.controls), copies)))

    real = run_experiment(claim.measured[0], DRAWS)
    monkeypatch.setattr(room, "counted", counted)
    monkeypatch.setattr(room, "run_experiment", lambda one, draws, **_: Fake(draws))
    tested = replace(claim, parts=(replace(claim.parts[0], above=0.0, below=None),))
    tested = replace(tested, controls=tuple(replace(part, above=0.0, below=None) for part in claim.controls))
    monkeypatch.setattr(room, "values_of", lambda part, read: rule(*positions(DRAWS)) if part in tested.parts else np.ones(64))
    return what_decides(tested, [real], DRAWS, LIBRARY, deep=False)


def test_a_control_that_holds_too_rarely_is_what_is_looked_at(claim: Claim) -> None:
    part = claim.parts[0]
    control = replace(part, id="too_strict", title="half of it arrives", above=10.5, below=None)
    found = decided(replace(claim, controls=(*claim.controls, control)), deep=False)
    assert found.control == "half of it arrives" and found.p_now < 0.9
    best = found.best
    assert best is not None and [flip.into for flip in best.flips] == [HOLDS]
    assert 'the control "half of it arrives" holds in 90 % of the draws or more' in found.sentence
    assert f"passes in {100 * best.flips[0].p_pass:.0f} % there" in found.sentence


def test_holding_a_row_leaves_every_other_draw_as_it_was() -> None:
    model, at = load("cell", drug="imlunestrant"), (-1.5, 0.0, 2.0)
    ids = tuple(id for id in model.evidence if id in model.parameters)
    free = given_values(model, ids, DRAWS)
    held = given_values(model, ids, replace(DRAWS, held="imlunestrant.Kd", at=at))
    assert held.shape == (len(ids), 3 * 64)
    other = [i for i, id in enumerate(ids) if model.evidence[id].row != "imlunestrant.Kd"]
    for copy in range(3):
        assert np.array_equal(held[other, 64 * copy : 64 * (copy + 1)], free[other])
    kd = model.evidence["Kd_drug"]
    value = model["Kd_drug"].value
    assert value is not None and kd.prior is not None
    expected = np.repeat([value * 10 ** (kd.prior * z) for z in at], 64)
    assert held[ids.index("Kd_drug")] == pytest.approx(expected, rel=1e-12)
    doubted = given_values(model, ids, replace(DRAWS, held="imlunestrant.Kd", at=at, sceptical=True))
    assert np.array_equal(doubted[ids.index("Kd_drug")], held[ids.index("Kd_drug")])


def test_the_first_look_finds_the_rows_behind_an_outcome_among_many() -> None:
    random = np.random.default_rng(3)
    rows = {f"r{i}": random.normal(size=200) for i in range(60)}
    outcome = 2.0 * rows["r7"] - 1.0 * rows["r31"] + 0.3 * random.normal(size=200)
    found = screened(outcome, rows, 2)
    assert [name for name, _ in found] == ["r7", "r31"] and found[0][1] > 0 > found[1][1]
    assert screened(np.ones(200), rows, 3) == () and screened(outcome, {}, 3) == ()


def test_how_near_a_draw_is_to_its_bounds_counts_ranks_and_signs() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, np.inf, np.nan])
    near = nearness(values, None, 2.0)
    assert list(near >= 0) == [False, False, True, True, True, False] and near[5] == near.min()
    assert list(np.argsort(near[:5])) == [0, 1, 2, 3, 4]
    both = nearness(values, 3.0, 1.0)
    assert list(both >= 0) == [False, True, True, True, False, False]


def test_a_region_is_open_where_nothing_ends_it_and_has_the_chance_of_its_prior() -> None:
    at = (-2.0, -1.0, 0.0, 1.0, 2.0)
    rising = region(at, (0.0, 0.2, 0.4, 0.8, 1.0), 0.9, above=True)
    assert rising is not None and rising.low == pytest.approx(1.5) and rising.high is None
    assert rising.chance == pytest.approx(1.0 - NormalDist().cdf(1.5))
    hump = region(at, (0.0, 0.8, 1.0, 0.8, 0.0), 0.9, above=True)
    assert hump is not None and (hump.low, hump.high) == (pytest.approx(-0.5), pytest.approx(0.5))
    falling = region(at, (0.05, 0.2, 0.4, 0.8, 1.0), 0.1, above=False)
    assert falling is not None and falling.low is None and falling.high == pytest.approx(-1.0 - 2 / 3)
    assert region(at, (0.2, 0.3, 0.4, 0.5, 0.6), 0.9, above=True) is None
    whole = region(at, (0.95,) * 5, 0.9, above=True)
    assert whole is not None and (whole.low, whole.high, whole.chance) == (None, None, 1.0)


def test_a_crossing_is_narrowed_to_where_the_share_really_crosses() -> None:
    def share(positions):  # type: ignore[no-untyped-def]
        return [float(z > 0.314) for z in positions]

    at = (-1.6, 0.0, 1.6)
    spots, shares = narrowed(at, share(at), 0.9, share, above=True)
    found = region(spots, shares, 0.9, above=True)
    assert found is not None and found.low == pytest.approx(0.314, abs=1.6 / 7**2)
    assert list(spots) == sorted(spots)


def test_few_draws_tell_a_crossing_from_a_wider_span_of_values_than_many() -> None:
    """A share that rises by a point per standard deviation around 90 %, and one that is 1 or 0 and leaves no doubt."""
    at = np.linspace(-1.64, 1.64, 21).tolist()
    rising, steps = [0.90 + 0.05 * z for z in at], [float(z > 0) for z in at]
    one = region(at, rising, 0.9, above=True)
    assert one is not None and one.chance == pytest.approx(0.5)
    for above, shares in ((True, rising), (False, [1.0 - share for share in rising])):
        few, many = (room._span(at, shares, 0.9 if above else 0.1, draws, above) for draws in (64, 4000))
        assert few[0] < many[0] < one.chance < many[1] < few[1]
    low, high = room._span(at, steps, 0.9, 64, True)
    assert low == pytest.approx(high, abs=0.04)


def test_the_sentence_says_value_chance_and_what_is_left_open() -> None:
    row = Decider("drugs:x.fu_plasma", "dimensionless", "free fraction of x (dialysis, n = 3)", "assumption", 0.03, 0.01, 0.1, 0.5, (), ())
    points = (Held(0.01, 0.62, 1.0), Held(0.1, 0.78, 1.0))
    none = Deciding("S-01", "", 0.7, (replace(row, points=points),), 50, 64, 64, False)
    assert none.sentence == (
        "no single number decides it. Free fraction of x (dialysis, n = 3) moves the share in which it passes most: "
        "from 62 % to 78 % of the draws over its prior"
    )
    flip = Flip(PASSES, 0.008, None, 0.35, 0.95)
    one = replace(none, rows=(replace(row, points=points, flips=(flip,)),))
    assert one.sentence == (
        "free fraction of x (dialysis, n = 3): at or above 0.008 (a chance of 35 % by its prior) it passes in 90 % of the draws or more"
    )
    held = replace(one, control="it works", rows=(replace(row, points=points, flips=(Flip(HOLDS, None, 0.02, 0.4, 0.5),)),))
    assert held.sentence.endswith(
        'at or below 0.02 (a chance of 40 % by its prior) the control "it works" holds in 90 % of the draws or more; '
        "the statement passes in 50 % there, which leaves it inconclusive"
    )
    told = replace(one, rows=(replace(row, points=points, flips=(replace(flip, span=(0.1, 0.6)),)),)).sentence
    assert "(a chance of 35 % by its prior; 64 draws place it between 10 % and 60 %)" in told
    assert one.told_of("S-02").startswith("through S-01: ") and replace(one, rows=()).sentence
    assert Flip(PASSES, 1.0, 2.0, 0.1, 1.0).where("nM") == "between 1 and 2 nM"


def test_every_row_of_the_subject_has_a_measurement_with_an_error_of_its_own_kind() -> None:
    rows = [row for row in named_rows(LIBRARY) if row.row.text("distribution") != "fixed"]
    lines = read_measurements(LIBRARY)
    assert len(lines) > 50
    for row in (row for row in rows if row.key == "imlunestrant"):
        found = measurement_of(row, LIBRARY)
        assert found is not None and "imlunestrant" in found.words and f"n = {found.n}" in found.words
        assert "the number" not in found.words, row.full
        width = found.width(row.row.number("value") or 0.0, row.row.text("distribution"))
        assert width > 0
    (share,) = [measurement_of(row, LIBRARY) for row in rows if row.full == "drugs:imlunestrant.fu_plasma"]
    assert share is not None and share.width(0.99, "logitnormal") == pytest.approx(share.error * np.log(10) / 0.99)
    assert share.width(2.0, "lognormal") == share.error


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [("n", "0", "above 0"), ("error", "-1", "above 0"), ("quantity", "free {what}", "in braces"), ("error", "wide", "not a number")],
)
def test_a_broken_table_of_measurements_is_refused_with_its_line(column: str, value: str, words: str, tmp_path: Path) -> None:
    library = copied(tmp_path)
    line = set_cell(library, "measurements.tsv", ("*.fu_plasma",), column, value)
    with pytest.raises(TableError) as error:
        read_measurements(library)
    assert words in str(error.value) and error.value.issues[0].line == line


def test_the_width_of_a_position_is_that_of_the_prior() -> None:
    model = load("cell", drug="imlunestrant")
    from serdsim.simulation.draws import marginals_of

    (kd,) = marginals_of(model, ("Kd_drug",))
    assert log10(quantile_at(kd, 1.0) / quantile_at(kd, 0.0)) == pytest.approx(kd.prior)
