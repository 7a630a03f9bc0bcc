"""Rows that summarise measurements of the data folder are what the measurements say: counts, protein levels, GR metrics."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from serdsim.claims.evidence_rows import read_facts

LIBRARY = Path(__file__).resolve().parents[1] / "library"
OF_DATA = re.compile(r"D\d{3}\.")
NAMES = {"MDAMB231": "MDA-MB-231", "MDAMB468": "MDA-MB-468", "BT474": "BT-474"}


@pytest.fixture(scope="module")
def facts():
    return {id: fact for id, fact in read_facts(LIBRARY).items() if OF_DATA.match(id)}


@pytest.fixture(scope="module")
def places():
    """Return the locator of each row; it names data set and treatment."""
    with (LIBRARY / "evidence.tsv").open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row["locator"] for row in csv.DictReader(stream, delimiter="\t")}


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def hours(id: str) -> float:
    return float(id.split(".")[1].removesuffix("h"))


def test_a_series_of_counts_has_one_condition(facts):
    """The number before the dot is a series: the same medium and drug at several hours."""
    series = defaultdict(set)
    for id, fact in facts.items():
        if id.endswith("h"):
            series[id.split(".")[0]].add((fact.condition.rsplit(",", 1)[0], fact.quantity, fact.drug))
            assert fact.condition.endswith(f" {hours(id):g} h")
    assert len(series) > 15
    assert {len(conditions) for conditions in series.values()} == {1}


@pytest.mark.shared
def test_counts_are_the_means_of_the_repeats(facts, places, shared_dir):
    """Dishes of a repeat are averaged first, repeats geometrically; only counts that may be used for calibration are there."""
    repeats = defaultdict(lambda: defaultdict(list))
    for r in records(shared_dir / "data/mcf7/cell_counts.csv"):
        fold = r["fold_vs_start_seed_corrected"] or r["fold_vs_start"]
        if fold and r["role_strict"] == "calibration":
            place = f"{r['dataset']} {r['treatment']}", float(r["time_h"])
            repeats[place][r["replicate"].split(".")[0]].append(float(fold))
    rows = [fact for fact in facts.values() if fact.quantity.startswith("live cells")]
    assert len(rows) > 60
    for fact in rows:
        of = repeats[places[fact.id], hours(fact.id)]
        found = [np.mean(dishes) for repeat, dishes in of.items() if repeat != "bio1" or "without bio1" not in fact.note]
        assert fact.n == len(found)
        assert fact.value == pytest.approx(np.exp(np.mean(np.log(found))), rel=1e-3), fact.id
        assert fact.role == "calibrate"


@pytest.mark.shared
def test_protein_levels_are_the_means_of_the_lanes(facts, places, shared_dir):
    lanes = defaultdict(list)
    for r in records(shared_dir / "data/mcf7/proteins.csv"):
        if r["measure"] == "fold_vs_control" and r["role"] == "calibration":
            lanes[r["dataset"], r["treatment"], r["protein"], float(r["time_h"])].append(float(r["value"]))
    rows = [fact for fact in facts.values() if fact.quantity.endswith("fold of untreated")]
    assert len(rows) == 14
    for fact in rows:
        dataset, treatment = places[fact.id].split(" ", 1)
        protein = fact.quantity.split(" protein")[0]
        over = np.mean(lanes[dataset, "+E2", protein, hours(fact.id)]) if "untreated lanes" in fact.note else 1.0
        assert fact.value == pytest.approx(np.mean(lanes[dataset, treatment, protein, hours(fact.id)]) / over, rel=1e-3), fact.id


@pytest.mark.shared
def test_growth_rate_metrics_are_those_of_the_panel(facts, shared_dir):
    panel = {
        (r["drug"], NAMES.get(r["cell_line"], r["cell_line"])): r
        for r in records(shared_dir / "data/dose_response/brca_panel_gr_metrics.csv")
    }
    rows = [fact for fact in facts.values() if fact.id.endswith((".GR50", ".GRmax"))]
    assert len(rows) == 50
    for fact in rows:
        measured = panel[fact.drug, fact.system]
        if fact.id.endswith("GRmax"):
            assert fact.value == pytest.approx(float(measured["GRmax"]), rel=1e-3)
        elif fact.value is not None:
            assert fact.value == pytest.approx(1000.0 * float(measured["GR50_uM"]), rel=1e-3)
        else:
            assert not 0.0 < float(measured["GR50_uM"]) < 50.0
