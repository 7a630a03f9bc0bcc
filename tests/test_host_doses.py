"""Doses into hosts: masses, body weight, salts, routes, lag, two sites, first and second doses; nothing is lost; errors say what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, edit, set_cell
from serdsim.cli import main
from serdsim.dosing.nonmem import to_nonmem
from serdsim.dosing.regimen import parse_regimen
from serdsim.engine.ensemble import run_job
from serdsim.engine.plan import Schedule
from serdsim.errors import InputError, ModelError, RegimenError, TableError
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, shipped_library, takers
from serdsim.model.salts import read_salts
from serdsim.simulation.host_doses import doses_in_order, entries_of, free_base, whole_length
from serdsim.simulation.host_times import ends
from serdsim.simulation.named import simulate_named
from serdsim.simulation.prepared import prepare

LIBRARY = shipped_library()
GIVEN = "given_and_gone"


def run(regimen: str, outputs: list[str], model: str = "pk_human", **options):
    return simulate_named(model, regimen, outputs=outputs, **options).dataset


def last(regimen: str, output: str, **options) -> float:
    return float(run(regimen, [output], **options)[output].values.ravel()[-1])


def test_a_mass_becomes_an_amount_of_free_base() -> None:
    assert last("imlunestrant 400 mg po once", f"drug_{GIVEN}") == pytest.approx(400e6 / 524.5, rel=1e-9)
    assert last("imlunestrant 400000 nmol po once", f"drug_{GIVEN}") == pytest.approx(400e3, rel=1e-9)
    assert last("imlunestrant 2 mg/kg po once", f"drug_{GIVEN}") == pytest.approx(140e6 / 524.5, rel=1e-9)
    heavy = last("imlunestrant 2 mg/kg po once", f"drug_{GIVEN}", settings={"body_weight": 100.0})
    assert heavy == pytest.approx(200e6 / 524.5, rel=1e-9)
    assert last("imlunestrant 10 mg/kg po once", f"drug_{GIVEN}", model="pk_mouse") == pytest.approx(0.25e6 / 524.5, rel=1e-9)


def test_a_salt_is_weighed_as_the_base_in_it() -> None:
    salt = last("imlunestrant-tosylate 531.32 mg po once", "drug_plasma", duration_h=24.0)
    assert salt == pytest.approx(last("imlunestrant 400 mg po once", "drug_plasma", duration_h=24.0), rel=1e-4)
    molar = free_base(parse_regimen("imlunestrant-tosylate 5 nM once + imlunestrant-tosylate 7 nmol po once"), read_salts(LIBRARY))
    assert [(dose.drug, dose.amount) for dose in molar] == [("imlunestrant", 5.0), ("imlunestrant", 7.0)]
    cell = simulate_named("cell", "imlunestrant-tosylate 100 nM once", duration_h=1.0, outputs=["drug_medium"])
    assert cell.record["plan"]["regimen"] == "imlunestrant-tosylate 100 nM once"


@pytest.mark.parametrize(
    ("drug", "route"),
    [(drug, "im" if drug == "fulvestrant" else "po") for slot in ("drug", "partner") for drug in takers("pk_human", slot, LIBRARY)],
)
@pytest.mark.parametrize("model", ["pk_human", "pk_mouse"])
def test_what_was_given_is_there_or_gone(model: str, drug: str, route: str) -> None:
    """Constant between doses, and what all doses brought: food and interactions may not make or lose drug."""
    slot = next(slot for slot in ("drug", "partner") if drug in takers(model, slot, LIBRARY))
    ids = [f"{slot}_{GIVEN}", f"gone_{slot}", f"{slot}_plasma"]
    for settings in ({}, {"fed": 1.0}, {"cyp3a_inhibited": 1.0, "fed": 1.0}, {"cyp3a_induced": 1.0}):
        found = run(f"{drug} 1 mg {route} q24h x 3", ids, model, duration_h=96.0, settings=settings)
        sums = found[ids[0]].values.ravel()
        dose = 1e6 / float(load(model, **{slot: drug})[f"molar_mass_{slot}"].value)
        lag = float(load(model, **{slot: drug})[f"tlag_{slot}"].value)
        arrived = np.searchsorted(np.array([0.0, 24.0, 48.0]) + lag, found["time"].values, side="right")
        np.testing.assert_allclose(sums, dose * arrived, rtol=1e-6, atol=1e-9)
        gone = found[ids[1]].values.ravel()
        assert gone[-1] > 0 and np.all(np.diff(gone) > -1e-6 * dose)
        assert np.all(found[ids[2]].values >= -1e-9) and found[ids[2]].values.max() > 0


def test_a_dose_into_muscle_enters_two_sites() -> None:
    found = run("fulvestrant 500 mg im once", ["dose_drug", "slow_drug"], duration_h=1.0)
    fast, slow = found["dose_drug"].values.ravel()[0], found["slow_drug"].values.ravel()[0]
    share = float(load("pk_human", drug="fulvestrant")["f_fast_drug"].value)
    assert fast / (fast + slow) == pytest.approx(share, rel=1e-9) and 0 < share < 1


def test_a_dose_arrives_after_its_lag_and_an_infusion_at_once() -> None:
    found = run("imlunestrant 400 mg po once", ["dose_drug"], duration_h=1.0, every_h=0.25)["dose_drug"].values.ravel()
    assert list(found[:2]) == [0.0, 0.0] and found[2] == pytest.approx(400e6 / 524.5)
    infused = run("imlunestrant 40 mg iv-inf 2 h once", [f"drug_{GIVEN}"], duration_h=4.0, every_h=1.0)[f"drug_{GIVEN}"].values.ravel()
    np.testing.assert_allclose(infused, np.minimum(np.arange(5), 2) / 2 * 40e6 / 524.5, rtol=1e-6)
    at_once = run("imlunestrant 40 mg iv once", ["drug_plasma"], duration_h=1.0)["drug_plasma"].values.ravel()
    assert at_once[0] == pytest.approx(40e6 / 524.5 / float(load("pk_human")["V_central_drug"].value))


def test_the_second_dose_is_taken_up_less() -> None:
    outputs = ["repeated_partner", "F_partner"]
    found = run("abemaciclib 150 mg po q12h x 4", outputs, every_h=6.0)
    repeat = float(load("pk_human", partner="abemaciclib")["F_repeat_partner"].value)
    assert list(found["repeated_partner"].values.ravel()[:4]) == [0, 0, 1, 1]
    share = found["F_partner"].values.ravel()
    assert share[2] == pytest.approx(repeat * share[0]) and repeat < 1
    once = run("abemaciclib 150 mg po once", outputs, every_h=6.0, duration_h=24.0)
    assert not once["repeated_partner"].values.any()


def test_clearance_follows_the_first_dose() -> None:
    """Ribociclib: half the dose is cleared faster than the reference dose."""
    model = load("pk_human", partner="ribociclib")
    high, low = (last(f"ribociclib {dose} mg po q24h x 2", "CL_now_partner") for dose in (600, 300))
    assert high == pytest.approx(float(model["CL_partner"].value))
    assert low / high == pytest.approx(2.0 ** float(model["CL_dose_exponent_partner"].value), rel=1e-9)


@pytest.mark.parametrize("first", ["once", "once from 5 h"])
def test_two_doses_of_one_instant_are_their_sum(first: str) -> None:
    """Ribociclib, whose clearance follows the dose, and abemaciclib, of which less is taken up from the second dose on."""
    for drug, outputs in (("ribociclib", ["CL_now_partner", "partner_plasma"]), ("abemaciclib", ["F_partner", "partner_plasma"])):
        halves = f"{drug} 200 mg po {first} + {drug} 100 mg po {first}"
        one, two = (run(said, outputs, duration_h=24.0) for said in (f"{drug} 300 mg po {first}", halves))
        for output in outputs:
            np.testing.assert_allclose(two[output].values, one[output].values, rtol=1e-9, atol=1e-12)
    regimen = parse_regimen("imlunestrant 400 mg po q0.1h x 4 + imlunestrant 1 mg po once from 0.3 h")
    assert [(round(time, 9), len(doses)) for time, doses in doses_in_order(regimen, "imlunestrant")] == [
        (0, 1),
        (0.1, 1),
        (0.2, 1),
        (0.3, 2),
    ]
    assert ends(parse_regimen("imlunestrant 400 mg po q24h x 3 + imlunestrant 400 mg po once"), "imlunestrant", 72.0)[0] == (0.0, 24.0)
    assert ends(parse_regimen("imlunestrant 4 mg po q24h x 3 + imlunestrant 4 mg po once from 48 h"), "imlunestrant", 90.0)[1] == (
        48.0,
        72.0,
    )


def test_food_acts_as_the_table_says() -> None:
    fasted, fed = (last("imlunestrant 400 mg po once", "F_drug", settings={"fed": fed}) for fed in (0.0, 1.0))
    assert fed / fasted == pytest.approx(float(load("pk_human")["food_F_drug"].value))
    assert last("alpelisib 300 mg po once", "F_partner", settings={"fed": 1.0}) <= 1.0


def test_a_host_is_followed_to_the_end_of_the_last_interval() -> None:
    assert whole_length(parse_regimen("imlunestrant 400 mg po q24h x 28 + abemaciclib 150 mg po q12h x 60")) == 720.0
    assert whole_length(parse_regimen("imlunestrant 400 mg po once from 24 h")) == 192.0
    assert run("imlunestrant 400 mg po q24h x 2", ["drug_plasma"])["time"].values[-1] == 48.0
    assert simulate_named("cell", "imlunestrant 5 nM once", outputs=["mPGR"]).dataset["time"].values[-1] == 72.0


@pytest.mark.parametrize(
    ("regimen", "hours", "late", "given"),
    [
        ("imlunestrant 400 mg po once from 23.8 h", 24.0, 1, 0),  # its lag is longer than 0.2 h
        ("imlunestrant 400 mg po q24h x 3", 48.0, 1, 2),
        ("imlunestrant 400 mg iv q24h x 3", 48.0, 1, 2),  # one at the end does nothing before it
        ("imlunestrant 400 mg iv-inf 2 h q24h x 3", 48.0, 1, 2),
        ("imlunestrant 400 mg iv q0.1h x 4", 0.3, 1, 3),
        ("imlunestrant 400 mg po q0.01h x 40", None, 0, 40),
        ("abemaciclib 150 mg po q12h x 4", 38.0, 0, 4),
    ],
)
def test_doses_that_do_not_arrive_are_counted(regimen: str, hours: float | None, late: int, given: int) -> None:
    ready = prepare("pk_human", parse_regimen(regimen), duration_h=hours)
    assert ready.record["doses_after_the_end"] == late
    adds = [value for _, kind, _, value in ready.job.schedule.of(0) if kind == "add" or value > 1]
    assert len(adds) == given
    assert all(time < ready.times[-1] for time, *_ in ready.job.schedule.of(0))


def test_a_setting_holds_in_every_draw() -> None:
    found = run("imlunestrant 400 mg po once", ["CL_drug"], draws=8, settings={"CL_drug": 20.0}, duration_h=1.0)["CL_drug"].values
    assert np.all(found == 20.0)
    assert np.ptp(run("imlunestrant 400 mg po once", ["CL_drug"], draws=8, duration_h=1.0)["CL_drug"].values) > 0


REFUSED = {
    "a concentration into a host": ("imlunestrant 100 nM once", ("a host takes doses", "^^", "400 mg"), RegimenError),
    "no route": ("imlunestrant 400 mg once", ("has no route", "one of po, iv", "^^", '"mg po"'), RegimenError),
    "a route that nobody measured": (
        "fulvestrant 500 mg po once",
        ("nothing was read of fulvestrant given po", "^^", '"im"'),
        RegimenError,
    ),
    "a route by muscle": ("abemaciclib 150 mg im once", ("nothing was read of abemaciclib given im", "one of po, iv"), RegimenError),
    "a drug without pharmacokinetics": ("giredestrant 30 mg po once", ("no pharmacokinetics of giredestrant were read",), TableError),
    "a drug that nobody knows": ("imlunestrat 30 mg po once", ('unknown drug "imlunestrat"', "Did you mean imlunestrant"), TableError),
    "two drugs of one place": ("imlunestrant 1 mg po once + elacestrant 1 mg po once", ("one place for a drug",), RegimenError),
    "more than a number holds": ("imlunestrant 1e308 kg/kg po once", ("too large for a number", "^^"), RegimenError),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_a_host_cannot_take_is_refused(case: tuple[str, tuple[str, ...], type[InputError]]) -> None:
    regimen, words, error = case
    with pytest.raises(error) as caught:
        simulate_named("pk_human", regimen)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_huge_dose_is_a_dose() -> None:
    assert np.isfinite(last("imlunestrant 1e9 kg po once", "drug_plasma", duration_h=2.0))


def test_a_mass_per_weight_reads_back_and_is_no_record_of_nonmem() -> None:
    regimen = parse_regimen("imlunestrant 5mg/kg po q24h x 3 + fulvestrant 0.2 g/kg im once")
    assert str(regimen) == "imlunestrant 5 mg/kg po q24h x 3 + fulvestrant 0.2 g/kg im once" and parse_regimen(str(regimen)) == regimen
    assert {dose.kind for dose in regimen} == {"mass per weight"}
    with pytest.raises(RegimenError, match="does not know the body weight"):
        to_nonmem(regimen, {"imlunestrant": 1, "fulvestrant": 2})
    for wrong in ("nmol/kg", "/kg", "h/kg", "mg/kg/kg"):
        with pytest.raises(RegimenError):
            parse_regimen(f"imlunestrant 5 {wrong} po once")


def test_a_mass_per_weight_means_nothing_to_a_dish() -> None:
    with pytest.raises(RegimenError, match="counts by body weight, and the model cell has none"):
        simulate_named("cell", "imlunestrant 5 mg/kg once")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("fed", "is not NAME=VALUE"),
        ("fed=high", "is not NAME=VALUE"),
        ("fet=1", "Did you mean fed"),
        ("fed=2", "a number from 0 to 1"),
        ("fed=nan", "a finite number"),
        ("f_fast_drug=1.5", "expected 0 to 1"),
        ("f_fast_drug=-0.5", "expected 0 to 1"),
        ("F_po_drug=2", "0 to 1"),
        ("molar_mass_drug=0", "expected above 0"),
    ],
)
def test_a_wrong_setting_is_named(word: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status = main(["simulate", "pk_human", "imlunestrant 400 mg po once", "--set", word, "--out", str(tmp_path)])
    assert status == 2 and said in capsys.readouterr().err


def test_no_share_of_a_dose_is_passed_over() -> None:
    ready = prepare("pk_human", parse_regimen("fulvestrant 500 mg im once"))
    (dose,), own = ready.doses.doses, ready.question.ways["fulvestrant"]
    assert [len(entries_of(dose, own, ready.question.model.replace({"f_fast_drug": share}))) for share in (0.0, 0.3, 1.0)] == [1, 2, 1]
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(RegimenError, match="no share of a dose"):
            entries_of(dose, own, ready.question.model.replace({"f_fast_drug": share}))


def test_a_setting_is_part_of_the_question(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fed = simulate_named("pk_human", "imlunestrant 400 mg po once", settings={"fed": 1.0})
    assert fed.record["plan"]["settings"] == {"fed": 1.0} and "--set fed=1.0" in fed.record["replay"]
    assert fed.run != simulate_named("pk_human", "imlunestrant 400 mg po once").run


@pytest.mark.parametrize(
    "regimen", ["imlunestrant 400 mg po q24h x 3", "imlunestrant 400 mg iv-inf 2 h once", "imlunestrant 400 mg iv once"]
)
def test_a_broken_balance_is_an_error_that_names_it(regimen: str, tmp_path: Path) -> None:
    library = copied(tmp_path)
    edit(library, "models/host/pk_drug.ant", "drug_plasma -> gone_drug;", "drug_plasma -> ;")
    with pytest.raises(ModelError, match=r"drug_given_and_gone: the balance is off by \d.*at most 1e-06"):
        simulate_named("pk_human", regimen, library=library)


def test_a_dose_that_is_lost_breaks_the_balance() -> None:
    """Also one at the start, after which nothing changes."""
    job = prepare("pk_human", parse_regimen("imlunestrant 400 mg iv-inf 2 h once + imlunestrant 40 mg iv once")).job
    run_job(job)
    for lost in (Schedule.none(1), replace(job.schedule, values=0.5 * job.schedule.values)):
        with pytest.raises(ModelError, match="drug_given_and_gone"):
            run_job(replace(job, schedule=lost))


def test_broken_salts_and_routes_are_named(tmp_path: Path) -> None:
    library = copied(tmp_path)
    set_cell(library, "salts.tsv", ("imlunestrant-tosylate",), "molar_mass", "100")
    with pytest.raises(TableError, match=r"a base of 524\.5 in a salt of 100"):
        read_salts(library)
    recipe = library / "models" / "pk_human.yaml"
    text = recipe.read_text(encoding="utf-8")
    for old, new, said in (
        ("iv: {into: drug_plasma}", "sc: {into: drug_plasma}", '"sc" means nothing here'),
        ("lag: tlag_drug, split: f_fast_drug, rest: slow_drug", "split: f_fast_drug", "split and rest stand for each other"),
        ("    molar_mass: molar_mass_drug\n", "", "molar_mass is missing"),
        ("    dose_reference: dose_reference_drug\n", "", "dose_ratio and dose_reference"),
    ):
        recipe.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ModelError, match=said):
            read_recipe("pk_human", library)
