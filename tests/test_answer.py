"""The answer is computed, every time, from what the library says: same question, same id, same numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from library_cases import copied, edit, set_cell
from serdsim.engine.plan import Arrays
from serdsim.evidence.answer import Answered, build_answer
from serdsim.experiments import runner
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws


def same_numbers(a: Answered, b: Answered) -> bool:
    """Return whether all tables are equal, bit by bit."""
    if a.tables.keys() != b.tables.keys():
        return False
    return all(table.equals(b.tables[name]) for name, table in a.tables.items())


@pytest.fixture(scope="module")
def shipped() -> Answered:
    return build_answer(draws=4, only=["MOA-01"], workers=1)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """Return a library with two ablations and the series of MOA-01 that its test and its controls need."""
    library = copied(tmp_path_factory.mktemp("small"))
    named = yaml.safe_load((library / "claims" / "MOA-01.yaml").read_text(encoding="utf-8"))["named_ablation"]
    path = library / "ablations.yaml"
    kept = [entry for entry in yaml.safe_load(path.read_text(encoding="utf-8")) if entry["id"] in ("degradation_off", named)]
    path.write_text(yaml.safe_dump(kept), encoding="utf-8")
    path = library / "experiments" / "MOA-01.yaml"
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    record["series"] = [entry for entry in record["series"] if not entry["id"].startswith("chase")]
    record["figures"] = [figure for figure in record["figures"] if figure["kind"] == "dose"]
    path.write_text(yaml.safe_dump(record, allow_unicode=True), encoding="utf-8")
    return library


@pytest.fixture
def changed(small, tmp_path) -> Path:
    """Return a copy of the small library in another folder, to be changed."""
    import shutil

    return Path(shutil.copytree(small, tmp_path / "elsewhere"))


def ask(library: Path, *, draws: int = 2, seed: int = 1, as_of: str = "today") -> Answered:
    return build_answer(library=library, draws=draws, seed=seed, only=["MOA-01"], workers=1, as_of=as_of)


@pytest.fixture(scope="module")
def first(small) -> Answered:
    return ask(small)


def test_the_same_question_has_the_same_id_and_numbers_with_any_number_of_workers(shipped):
    again = build_answer(draws=4, only=["MOA-01"], workers=2)
    assert again.answer.run == shipped.answer.run
    assert same_numbers(again, shipped)
    assert {k: v for k, v in again.record.items() if k != "created"} == {k: v for k, v in shipped.record.items() if k != "created"}


def test_another_seed_is_another_question(first, small):
    other = ask(small, seed=2)
    assert other.answer.run != first.answer.run
    assert not same_numbers(other, first)


def test_more_draws_are_another_question_that_keeps_the_first_draws(first, small):
    other = ask(small, draws=3)
    assert other.answer.run != first.answer.run
    table = other.tables["individuals_MOA-01"]
    kept = table[table["draw"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, first.tables["individuals_MOA-01"], check_exact=True)


def test_a_changed_parameter_changes_id_and_numbers(first, changed):
    set_cell(changed, "drugs.tsv", ("imlunestrant", "k_deg_nuc"), "value", "0.5")
    other = ask(changed)
    assert (other.answer.run, other.answer.model_hash) != (first.answer.run, first.answer.model_hash)
    assert other.answer.run != first.answer.run
    assert other.answer.outcomes[0].value > first.answer.outcomes[0].value


def test_folder_and_notes_do_not_belong_to_the_question(first, changed):
    set_cell(changed, "drugs.tsv", ("imlunestrant", "Kd"), "note", "said otherwise")
    other = ask(changed)
    assert other.answer.run == first.answer.run
    assert same_numbers(other, first)


def test_another_day_of_evidence_is_another_question_with_the_same_numbers(first, changed):
    """The page differs, so it must not overwrite the other one."""
    other = ask(changed, as_of="2024-10-02")
    assert other.answer.run != first.answer.run
    assert same_numbers(other, first)


def looser(record):
    record["parts"][-1]["below"] = 11.0


JUDGED = {
    "a bound": looser,
    "the named ablation": lambda record: record.update(named_ablation="degradation_off"),
    "the rows it is judged against": lambda record: record.update(evidence=["P059"] if record["evidence"] != ["P059"] else ["P060"]),
    "how its parts are combined": lambda record: record.update(combine="smallest"),
    "what drives it": lambda record: record.update(driving=["imlunestrant", "fulvestrant"]),
}


@pytest.mark.parametrize("name", JUDGED)
def test_what_a_verdict_depends_on_belongs_to_the_question(first, changed, monkeypatch, name):
    path = changed / "claims" / "MOA-01.yaml"
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    JUDGED[name](record)
    path.write_text(yaml.safe_dump(record, allow_unicode=True), encoding="utf-8")

    class Asked(Exception):
        pass

    def stop(digest: str, plan: object, seed: int, numerics: str) -> str:
        raise Asked(run_id(digest, plan, seed, numerics))

    from serdsim.evidence import answer

    run_id = answer.run_id
    monkeypatch.setattr(answer, "run_id", stop)
    with pytest.raises(Asked) as asked:
        ask(changed)
    assert str(asked.value) != first.answer.run


def test_an_ablation_that_restates_the_claim_is_marked_and_is_not_the_named_one(shipped):
    (outcome,) = shipped.answer.outcomes
    marked = {ablation.id: ablation.tautological for ablation in outcome.ablations}
    assert marked["degradation_off"] and not marked[outcome.statement.named_ablation]
    for ablation in outcome.ablations:
        assert ablation.p_on == outcome.p_pass and ablation.because
        assert ablation.flips == (ablation.p_on > 0.5 >= ablation.p_off)
    assert next(a for a in outcome.ablations if a.id == "degradation_off").p_off < outcome.p_pass


def test_the_share_that_passes_is_that_of_the_individuals_in_the_table(shipped):
    """The slow twin: parts of the test that are ratios, recomputed from the table of individuals."""
    (outcome,) = shipped.answer.outcomes
    table = shipped.tables["individuals_MOA-01"]
    end = table[table["time_h"] == 24.0].set_index(["series", "concentration_nM", "draw"])["er_total"]
    for genotype in ("WT", "Y537S", "D538G"):
        series = end[f"imlunestrant_{genotype}"]
        left = 100.0 * series[1000.0] / series[0.0]
        part = next(part for part in outcome.parts if part.id == f"left_{genotype}")
        assert part.p_pass == np.mean(left <= outcome.statement.margin)
        assert left.min() <= part.value <= left.max()


def test_only_tested_statements_have_numbers_and_the_rest_say_their_state():
    answered = build_answer(draws=1, only=["MOA-02b", "MOA-09"])
    for outcome, state in zip(answered.answer.outcomes, ("not_testable", "not_testable"), strict=True):
        assert (outcome.state, outcome.verdict, outcome.value, outcome.p_pass) == (state, None, None, None)


@pytest.fixture
def failing(monkeypatch):
    """Let some individuals of every main run fail, as the engine says it."""
    whole = runner.run_ensemble

    def run(equations, plan, *, title="", **options) -> Arrays:
        arrays = whole(equations, plan, title=title, **options)
        if title.endswith("pre-run"):
            return arrays
        bad = np.arange(plan.individuals) % 2 == 0  # draw 0 of 2 in every arm
        values = np.where(bad, np.nan, arrays.values)
        status = np.where(bad, "step_limit", arrays.status)
        return replace(arrays, values=values, status=status, message=tuple("too many steps" if b else "" for b in bad))

    monkeypatch.setattr(runner, "run_ensemble", run)


def test_failed_individuals_are_counted_and_the_share_is_over_whole_draws(failing, first, small):
    answered = ask(small)
    (outcome,), (complete,) = answered.answer.outcomes, first.answer.outcomes
    assert (outcome.failed, outcome.draws) == (1, 2)
    assert outcome.p_pass in (0.0, 1.0)
    assert answered.record["status"]["failed"] > 0
    assert first.record["status"]["failed"] == 0
    assert all(np.isfinite(band.median).all() for panel in outcome.panels for band in panel.bands)
    assert {part.p_pass for part in outcome.parts} <= {0.0, 1.0} and complete.failed == 0


def test_series_share_a_pre_run_only_where_it_is_the_same(changed):
    """Each series alone gives what it gives among the others, also when a drug is in the medium of the pre-run."""
    experiment = read_experiment(changed / "experiments" / "MOA-01.yaml")
    ids = ["fulvestrant_WT", "imlunestrant_Y537S", "serm_WT"]
    for dose in ("0", "5"):
        set_cell(changed, "parameters.tsv", ("drug_medium",), "value", dose)
        together = run_experiment(experiment, Draws(1, 3), library=changed, only=ids, workers=1)
        for id in ids:
            alone = run_experiment(experiment, Draws(1, 3), library=changed, only=[id], workers=1)
            a, b = alone.series[id].values["er_total"], together.series[id].values["er_total"]
            assert np.allclose(a, b, rtol=1e-6)


def test_ligand_is_conserved_and_a_leak_is_an_error(changed):
    experiment = read_experiment(shipped_library() / "experiments" / "MOA-01.yaml")
    readings = run_experiment(experiment, Draws(1, 3), only=["fulvestrant_WT", "imlunestrant_Y537S"], workers=1)
    assert readings.worst_balance <= 1e-6
    edit(changed, "models/cell/receptor.ant", "deg_nuc_E2_W: er_nuc_E2_W -> E2_cell;", "deg_nuc_E2_W: er_nuc_E2_W -> ;")
    with pytest.raises(Exception, match="bound plus free ligand changed by"):
        run_experiment(experiment, Draws(1, 3), library=changed, only=["fulvestrant_WT"], workers=1)
