"""The pathway map against the model: what it draws, how full, and which words the run bears out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from library_cases import copied, edit
from map_cases import played
from serdsim.errors import ClaimError, InputError
from serdsim.evidence.level_text import read_condition, read_level
from serdsim.evidence.map_file import OWN, Caption
from serdsim.evidence.map_read import read_map
from serdsim.evidence.pathway import neutral, show_map, undrawn
from serdsim.experiments.protocol import read_experiment
from serdsim.experiments.runner import run_experiment
from serdsim.model.entities import Model
from serdsim.model.expression import symbols
from serdsim.model.recipe import shipped_library
from serdsim.simulation.draws import Draws


def rates(model: Model) -> list[str]:
    return [rule.target for rule in model.rules if rule.kind == "rate"]


def acting(model: Model, ids: set[str]) -> set[str]:
    """The ids and all that they are computed from: laws, rate rules and, through them, assignment rules."""
    laws = {id: symbols(reaction.law) for id, reaction in model.reactions.items()}
    laws |= {rule.target: symbols(rule.expression) for rule in model.rules if rule.kind in ("assignment", "rate")}
    computed = {rule.target for rule in model.rules if rule.kind == "assignment"}
    found, todo = set(ids), [id for id in ids if id in laws]
    while todo:
        fresh = laws[todo.pop()] - found
        found |= fresh
        todo += [id for id in fresh if id in computed]
    return found


def species_of(model: Model, reaction: str) -> set[str]:
    return {one.species for one in (*model.reactions[reaction].reactants, *model.reactions[reaction].products)}


def test_every_state_is_in_one_shape_and_every_reaction_and_rate_rule_in_one_line() -> None:
    map, model = played().map, played().model
    assert len(model.reactions) > 25
    in_nodes = sorted(id for node in map.nodes for id in node.holds)
    in_edges = sorted(id for edge in map.edges for id in edge.holds)
    assert in_nodes == sorted({*model.species, *rates(model)})
    assert in_edges == sorted([*model.reactions, *rates(model)])
    assert undrawn(map, model) == ()


def test_what_is_not_drawn_is_named() -> None:
    map, model = played().map, played().model
    fewer = replace(map, nodes=tuple(node for node in map.nodes if node.id != "Rb"), edges=tuple(e for e in map.edges if e.id != "make_ER"))
    assert undrawn(fewer, model) == ("ppRb", "syn_W", "syn_M")


def test_every_reaction_goes_from_its_reactants_to_its_products() -> None:
    map, model = played().map, played().model
    holds = {node.id: set(node.holds) for node in map.nodes}
    ligands = {"E2_cell", "drug_cell"}  # set free when a receptor is degraded; the words of the line say so
    for edge in map.edges:
        sources = set().union(*(holds[id] for id in edge.sources))
        targets = set().union(*(holds[id] for id in edge.targets))
        for reaction in (model.reactions[id] for id in edge.holds if id in model.reactions):
            assert {one.species for one in reaction.reactants} <= sources, edge.id
            freed = ligands if edge.kind == "degraded" else set()
            assert {one.species for one in reaction.products} <= targets | freed, edge.id
            assert ("free" in edge.words) >= bool(freed & {one.species for one in reaction.products}), edge.id


def test_every_line_is_a_dependence_of_the_model() -> None:
    map, model = played().map, played().model
    ids = {node.id: {*node.holds, *node.shows, *node.level.ids} for node in map.nodes}
    for edge in map.edges:
        own = acting(model, {*edge.holds, *edge.shows})
        at_ends = acting(model, set().union(*(ids[id] for id in edge.targets)))
        for source in edge.sources:
            assert ids[source] & (own | at_ends), f"{edge.id}: nothing of {source} acts on it"
        for target in edge.targets:
            touched = acting(model, ids[target] | {id for id in model.reactions if ids[target] & species_of(model, id)})
            assert touched & {*edge.holds, *edge.shows} or own & ids[target], f"{edge.id}: it does not act on {target}"


def test_every_line_has_a_reference_or_says_that_it_is_assumed() -> None:
    map, references = played().map, played().references
    for edge in map.edges:
        assert edge.references, edge.id
        assert set(edge.references) <= set(references), edge.id
        assert edge.assumed or OWN not in edge.references, f"{edge.id} names our own work but not what it assumes"
        assert "Recalled2026" not in edge.references or "recalled" in edge.assumed, edge.id
    assert len({edge.letter for edge in map.edges}) == len(map.edges)


def test_levels_are_the_simulated_values() -> None:
    """The experiment by itself, without the map, gives what the map shows."""
    library = shipped_library()
    experiment = replace(
        read_experiment(library / "experiments/MAP.yaml"), outputs=("er_cyt_drug_W", "er_cyt_drug_M", "ppRb", "PR", "sg2m", "live")
    )
    reading = run_experiment(experiment, Draws(0, 1), library=library, workers=1).series["imlunestrant_WT"]
    shown = played().shown()
    for i, time in enumerate(shown.map.frames):
        value = {id: float(reading.at(id, time)[0, 0]) for id in experiment.outputs}
        assert shown.values["cyt_drug"][i] == pytest.approx(value["er_cyt_drug_W"] + value["er_cyt_drug_M"], rel=1e-9)
        assert shown.levels["Rb"][i] == pytest.approx(value["ppRb"], rel=1e-9)
        assert shown.levels["sg2m"][i] == pytest.approx(value["sg2m"] / value["live"], rel=1e-9)
    top = float(np.max(reading.values["PR"]))
    assert shown.levels["PR"] == pytest.approx([float(reading.at("PR", time)[0, 0]) / top for time in shown.map.frames], rel=1e-9)


def test_levels_and_flows_are_shares_and_something_moves() -> None:
    shown = played().shown()
    for id, shares in {**shown.levels, **shown.flows}.items():
        assert np.all((shares >= 0) & (shares <= 1)), id
    assert sum(float(np.ptp(levels)) > 0.2 for levels in shown.levels.values()) > 15


def test_the_run_bears_out_every_shipped_caption() -> None:
    shown = played().shown()
    lost = [caption.text for caption, held in zip(shown.map.captions, shown.held, strict=True) if not held]
    assert lost == [], "the run does not bear these words out: rewrite the words in map.yaml, never the model"


@pytest.mark.parametrize("condition", ["er_total > 2 of start", "PR < 0.5 of start", "theta_PGR > 1.5"])
def test_a_false_caption_gives_way_to_numbers(condition: str) -> None:
    map = played().map
    planted = Caption(3.0, "Words that the run does not bear out.", (read_condition(condition, "planted", "map.yaml"),))
    shown = played().shown(captions=(map.captions[0], planted))
    frame = map.frames.index(4.0)
    assert shown.held == (False, False)  # the first one would have to hold until 3 h
    assert "does not bear out" not in " ".join(shown.captions)
    assert shown.captions[frame] == neutral({words: values[frame] for words, values in shown.headline.items()})
    assert f"receptor {100 * played().values['er_total'][16] / played().values['er_total'][0]:.0f} %" in shown.captions[frame]


def test_a_caption_must_hold_until_the_next_one() -> None:
    map = played().map
    early = Caption(0.0, "Much receptor.", (read_condition("er_total > 0.9 of start", "planted", "map.yaml"),))
    later = Caption(0.25, "Later.", (read_condition("er_total > 0", "planted", "map.yaml"),))
    assert played().shown(captions=(early, later)).held == (True, True)
    assert played().shown(captions=(early,)).held == (False,)
    assert map.captions[0].when


def test_a_condition_on_what_is_not_a_number_does_not_hold() -> None:
    values = {"a": np.array([1.0, np.nan])}
    assert read_condition("a > 0", "x", "f").holds(values).tolist() == [True, False]
    assert read_condition("a < 0.5 of start", "x", "f").holds({"a": np.array([1.0, 0.4])}).tolist() == [False, True]


@pytest.mark.parametrize("text", ["", "a +", "__import__('os')", "a if b else c", "a.b", "a[0]", "True + 1", "'x'", "a and b"])
def test_a_level_is_arithmetic_only(text: str) -> None:
    with pytest.raises(ClaimError, match="cannot be read as a level"):
        read_level(text, "node", "map.yaml")


BROKEN = {
    "an unknown species": ("holds: [mPGR], level", "holds: [mPGRR], level", 'the model has no "mPGRR"'),
    "a species drawn twice": ("holds: [mGREB1], level", "holds: [mPGR], level", "drawn twice"),
    "an unknown level": ("level: mPGR,", "level: mPGRR,", "no such output"),
    "a line to nowhere": ("to: [mPGR]", "to: [mPGQ]", "is not on the map"),
    "an unknown kind": ("kind: modulates", "kind: charms", "is not known"),
    "a frame that is not observed": ("frames: [0, 0.25,", "frames: [0, 0.2, 0.25,", "not observed"),
    "a moment that is no frame": ("moments: [0, 1,", "moments: [0, 1.1,", "among the frames"),
    "an unknown series": ("series: imlunestrant_WT", "series: other", "no such series"),
    "a broken condition": ("when: [ppRb < 0.7 of start,", "when: [ppRb is low,", "cannot be read as a condition"),
    "an unknown reference": ("references: [Margeat2001, Fanning2016]", "references: [Margeat2099]", "Margeat2099"),
    "a line without reference": ("references: [Margeat2001, Fanning2016]", "references: []", "without a reference"),
    "words about no line": ("({enter_E2}, ", "({enter_E3}, ", "is not on the map"),
    "a missing field": ("system: MCF7", "systems: MCF7", "the field system is missing"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_map_is_refused_in_words(tmp_path: Path, case: str) -> None:
    old, new, said = BROKEN[case]
    library = copied(tmp_path)
    edit(library, "map.yaml", old, new)
    with pytest.raises(InputError) as caught:
        show_map(library, played().references)
    assert said in str(caught.value)
    assert "map.yaml" in str(caught.value)


def test_the_map_reads_the_same_twice() -> None:
    assert read_map(shipped_library(), played().references) == played().map
