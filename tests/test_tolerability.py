"""What drugs cost their bearer: nothing moves without a drug, the marrow keeps its cells, feedback and transit, insulin closes its loop."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, set_cell
from serdsim.model.library import load
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library
from serdsim.simulation.named import simulate_named

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "verification"))
import centre_tolerability

LIBRARY = shipped_library()
MODELS = ("tolerability", "tolerability_mouse")
COUNTS = ("marrow", "ripening_1", "ripening_2", "ripening_3", "neutrophils")
CYCLE = "palbociclib 125 mg po q24h x 21"


def course(
    regimen: str, outputs: tuple[str, ...], days: float, model: str = "tolerability", every: float = 6.0, **settings: float
) -> dict[str, np.ndarray]:
    """Return outputs of the typical individual by name, and the times [h]."""
    found = simulate_named(model, regimen or None, outputs=outputs, duration_h=24.0 * days, every_h=every, settings=settings).dataset
    return {id: found[id].values.ravel() for id in outputs} | {"time": found["time"].values}


def number(id: str, model: str = "tolerability", **selected: str) -> float:
    return float(load(model, **selected)[id].value or 0.0)


@pytest.mark.parametrize("model", MODELS)
def test_without_a_drug_everything_stays_as_it_is_in_every_draw(model: str) -> None:
    outputs = ("glucose", "insulin_ratio", "weight", *(COUNTS if model == "tolerability" else ()))
    found = simulate_named(model, None, outputs=outputs, duration_h=2016.0, every_h=168.0, draws=6).dataset
    for id in outputs:
        values = found[id].values
        np.testing.assert_allclose(values, np.broadcast_to(values[:, :1], values.shape), rtol=1e-5, err_msg=id)
    assert np.unique(found["glucose"].values.round(6)).size > 3, "individuals of different draws"


def test_the_drug_at_the_receptor_does_nothing_to_the_marrow_and_palbociclib_does() -> None:
    usual = number("neutrophils_usual")
    alone = course("imlunestrant 400 mg po q24h x 28", ("neutrophils", "drug_plasma"), 28)
    assert alone["drug_plasma"].max() > 0.0
    np.testing.assert_allclose(alone["neutrophils"], usual, rtol=1e-9)
    assert course(CYCLE, ("neutrophils",), 28)["neutrophils"].min() < 0.8 * usual


@pytest.mark.parametrize("regimen", [CYCLE, "abemaciclib 150 mg po q12h x 56", "ribociclib 600 mg po q24h x 21"])
def test_cells_of_the_marrow_are_made_and_gone_and_none_is_lost_on_the_way(regimen: str) -> None:
    seen = course(regimen, (*COUNTS, "marrow_made", "k_stage"), 42, every=1.0)
    everything = sum(seen[id] for id in COUNTS)
    flow = seen["marrow_made"] - seen["k_stage"] * seen["neutrophils"]
    made = np.concatenate([[0.0], np.cumsum(0.5 * (flow[1:] + flow[:-1]) * np.diff(seen["time"]))])
    np.testing.assert_allclose(everything - everything[0], made, atol=2e-3 * everything[0])
    for id in COUNTS:
        assert seen[id].min() > 0.0, id


def test_few_neutrophils_make_the_marrow_divide_faster() -> None:
    """Division over loss is (usual / now)^power of what the drug leaves: above one when the drug is gone and blood has not come back."""
    seen = course(CYCLE, (*COUNTS, "marrow_made", "marrow_blocked", "k_stage"), 70)
    usual, power = number("neutrophils_usual"), number("feedback_neutrophils")
    ratio = seen["marrow_made"] / (seen["k_stage"] * seen["marrow"])
    np.testing.assert_allclose(ratio, (1.0 - seen["marrow_blocked"]) * (usual / seen["neutrophils"]) ** power, rtol=1e-9)
    late = (seen["marrow_blocked"] < 1e-3) & (seen["neutrophils"] < 0.9 * usual)
    assert late.any() and np.all(ratio[late] > 1.0)
    weaker = course(CYCLE, ("neutrophils",), 70, feedback_neutrophils=0.5 * power)["neutrophils"]
    assert weaker.min() < seen["neutrophils"].min()


def test_the_nadir_comes_after_the_time_of_transit_and_scales_with_it() -> None:
    """After a single dose the fewest cells are seen when the gap has come through the marrow, one transit later or two."""
    transit = number("mtt_neutrophils")
    hours = []
    for mtt in (transit, 3.0 * transit):
        seen = course("palbociclib 500 mg po once", ("neutrophils",), 60, every=2.0, mtt_neutrophils=mtt)
        hours.append(float(seen["time"][np.argmin(seen["neutrophils"])]))
        assert mtt < hours[-1] < 3.0 * mtt
    assert hours[1] > 2.0 * hours[0]


def test_the_marrow_cannot_be_blocked_by_more_than_all() -> None:
    seen = course(CYCLE, ("marrow_asked", "marrow_blocked", "neutrophils"), 28, slope_neutrophils_partner=0.02)
    assert seen["marrow_asked"].max() > 1.0 and seen["marrow_blocked"].max() == 1.0
    assert seen["neutrophils"].min() > 0.0


def held(**settings: float) -> dict[str, np.ndarray]:
    """A level of alpelisib that does not change."""
    outputs = ("glucose", "insulin", "insulin_ratio", "insulin_blocked", "partner_active")
    return course("alpelisib 50 mg iv once", outputs, 5, CL_partner=0.0, Q_partner=0.0, **settings)


def test_what_is_made_of_glucose_is_used_at_a_level_of_alpelisib_that_stays() -> None:
    seen, partner = held(), {"partner": "alpelisib"}
    usual, idle, slope = (number(id, **partner) for id in ("glucose_usual", "glucose_idle", "insulin_slope"))
    glucose, blocked = seen["glucose"][-1], seen["insulin_blocked"][-1]
    free = number("fu_plasma_partner", **partner) * 50e6 / number("molar_mass_partner", **partner) / number("V_central_partner", **partner)
    assert blocked == pytest.approx(free / (free + number("K_insulin_partner", **partner)), rel=1e-6)
    assert glucose * (idle + (1.0 - idle) * (1.0 - blocked) * (glucose / usual) ** slope) == pytest.approx(usual, rel=1e-5)
    assert seen["insulin"][-1] == pytest.approx(number("insulin_usual", **partner) * (glucose / usual) ** slope, rel=1e-6)
    assert glucose > 1.02 * usual


def test_glucose_let_out_with_the_urine_takes_insulin_back() -> None:
    with_alpelisib, both = held(), held(sglt2_block=1.0)
    assert both["glucose"][-1] < with_alpelisib["glucose"][-1]
    assert 1.0 < both["insulin_ratio"][-1] < with_alpelisib["insulin_ratio"][-1]
    alone = course("", ("glucose", "insulin_ratio"), 5, sglt2_block=1.0)
    assert alone["glucose"][-1] < number("glucose_usual") and 0.0 < alone["insulin_ratio"][-1] < 1.0


def test_insulin_feeds_the_tumour_only_where_it_rises() -> None:
    """IRS follows insulin over hours; without the gain, or with insulin as usual, AKT is what PI3K leaves."""
    outputs = ("insulin_drive", "IRS_c1", "AKT_c1", "PI3K_inhibition")
    seen = {gain: course("alpelisib 300 mg po q24h x 14", outputs, 14, model="patient", insulin_gain=gain, fed=1.0) for gain in (0.0, 0.5)}
    assert np.all(seen[0.0]["insulin_drive"] == 1.0) and np.all(np.abs(seen[0.0]["IRS_c1"] - 1.0) < 1e-6)
    assert seen[0.5]["insulin_drive"].max() > 1.1 and seen[0.5]["insulin_drive"].max() < 1.5
    assert seen[0.5]["IRS_c1"][-1] > 1.05 and np.all(seen[0.5]["AKT_c1"][8:] > seen[0.0]["AKT_c1"][8:])
    other = course("imlunestrant 400 mg po q24h x 14 + everolimus 10 mg po q24h x 14", ("insulin_drive",), 14, model="patient")
    np.testing.assert_allclose(other["insulin_drive"], 1.0, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_weight_follows_what_is_eaten(model: str) -> None:
    """A drug held at its K_intake halves what is eaten, and weight goes to half at the rate of the table."""
    half = number("K_intake_drug", model)
    free = number("fu_plasma_drug", model)
    outputs, days = ("weight", "drug_plasma"), 60
    mass = 1e-6 * half / free * number("V_central_drug", model) * number("molar_mass_drug", model)
    seen = course(f"imlunestrant {mass:.9g} mg iv once", outputs, days, model, every=24.0, CL_drug=0.0, Q_drug=0.0)
    start, rate = number("body_weight", model), number("k_weight", model)
    level = free * seen["drug_plasma"][-1] / half
    expected = start * (1.0 - level / (1.0 + level) * (1.0 - np.exp(-rate * seen["time"])))
    assert level > 0.1
    np.testing.assert_allclose(seen["weight"], expected, rtol=1e-4)


def test_patients_differ_as_the_table_says() -> None:
    found = simulate_named("tolerability", CYCLE, outputs=("neutrophils",), duration_h=672.0, every_h=168.0, patients=300).dataset
    start = found["neutrophils"].values[1:, 0]
    spread = next(row.number("iiv") for row in rows_of(LIBRARY / "hosts.tsv", "host") if row.text("id") == "neutrophils_usual")
    assert np.std(np.log(start)) == pytest.approx(np.sqrt(spread), rel=0.15)


def test_the_tables_hold_what_the_script_computes() -> None:
    for table, values in centre_tolerability.centred(LIBRARY).items():
        key = "host" if table == "hosts.tsv" else "drug"
        rows = {(row.text(key), row.text("id")): row.number("value") for row in rows_of(LIBRARY / table, key)}
        for place, value in values.items():
            assert rows[place] == pytest.approx(value, rel=1e-3), place


def test_a_row_that_may_not_be_fitted_stops_the_script(tmp_path: Path) -> None:
    library = copied(tmp_path)
    set_cell(library, "evidence.tsv", ("B069.insulin",), "role", "validate")
    with pytest.raises(SystemExit, match=r"B069\.insulin has the role validate"):
        centre_tolerability.centred(library)
