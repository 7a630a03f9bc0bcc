"""The pathway map over time: the run that it plays, the level of each shape, the strength of each line, captions that hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.errors import ClaimError, Issue
from serdsim.evidence.map_file import Edge, Node, PathwayMap
from serdsim.evidence.map_read import read_map
from serdsim.experiments.protocol import Experiment, observed, read_experiment
from serdsim.experiments.runner import Reading, run_experiment
from serdsim.model.entities import Model
from serdsim.model.library import load
from serdsim.references import Reference
from serdsim.simulation.draws import Draws


@dataclass(frozen=True)
class Shown:
    """The map with the run that it plays; every array has one value per frame.

    Attributes
    ----------
    values : mapping of str to ndarray
        Simulated values of each node [its own unit].
    levels : mapping of str to ndarray
        How full each node is, 0 to 1.
    flows : mapping of str to ndarray
        Strength of each edge as share of its highest, 0 to 1.
    headline : mapping of str to ndarray
        The numbers beside the slider, as share of their start.
    captions : tuple of str
        The words of each frame; `held` says for each caption of the map whether the run bears it out.
    undrawn : tuple of str
        Species, reactions and rate rules of the model that the map leaves out.
    """

    map: PathwayMap
    values: Mapping[str, np.ndarray]
    levels: Mapping[str, np.ndarray]
    flows: Mapping[str, np.ndarray]
    headline: Mapping[str, np.ndarray]
    captions: tuple[str, ...]
    held: tuple[bool, ...]
    undrawn: tuple[str, ...]


def show_map(library: Path, references: Mapping[str, Reference]) -> Shown:
    """Return the map of a library with its run: nominal values, one individual.

    Raises
    ------
    InputError
        When map, experiment or model cannot be used, the map names what the model does not have, or the run fails.
    """
    found = read_map(library, references)
    experiment = read_experiment(library / "experiments" / f"{found.experiment}.yaml")
    reading, model = run_map(found, experiment, library)
    return over_time(found, model, reading.times, {id: values[-1, :, 0] for id, values in reading.values.items()})


def run_map(found: PathwayMap, experiment: Experiment, library: Path) -> tuple[Reading, Model]:
    """Return what the map reads of its experiment, nominal values, and the model that was run.

    Raises
    ------
    ClaimError
        When the map names what experiment or model do not have, or the run fails.
    """
    if found.series not in experiment.series:
        raise ClaimError(
            Issue("the experiment has no such series", file=found.file, id=found.series, expected="one of " + ", ".join(experiment.series))
        )
    unseen = [time for time in found.frames if observed(experiment.times(), time) is None]
    if unseen:
        repair = f"Take a multiple of {experiment.every:g} h, or change every in {experiment.file}"
        problem, expected = f"{unseen[0]:g} h is not observed", f"a time of {experiment.file}"
        raise ClaimError(Issue(problem, file=found.file, id="frames", expected=expected, repair=repair))
    series = experiment.series[found.series]
    model = load(experiment.model, library=library, drug=series.drug, genotype=series.genotype, cell_line=series.cell_line)
    check_names(found, model, derive(model))
    outputs = dict.fromkeys(
        (*found.named(), *experiment.outputs, *(id for edge in found.edges for id in edge.holds if id in model.reactions))
    )
    readings = run_experiment(replace(experiment, outputs=tuple(outputs)), Draws(0, 1), library=library, only=[series.id], workers=1)
    reading = readings.series[series.id]
    if reading.failed:
        raise ClaimError(Issue(f"the run of the map fails: {'; '.join(readings.messages)}", file=experiment.file, id=series.id))
    return reading, model


def check_names(found: PathwayMap, model: Model, equations: Equations) -> None:
    """Check that the model has all that the map names.

    Raises
    ------
    ClaimError
        With every id that the model does not have, or that is drawn twice.
    """
    readable = {*equations.states, *equations.constants, *(id for id, _ in (*equations.fixed, *equations.moving)), *model.reactions}
    known = readable | {*model.parameters, *model.species}
    parts: tuple[Node | Edge, ...] = (*found.nodes, *found.edges)
    named = [(part.id, id) for part in parts for id in (*part.holds, *part.shows)]
    issues = [_unknown(f'the model has no "{id}"', at, id, known, found) for at, id in named if id not in known]
    issues += [_unknown("the model has no such output", id, id, readable, found) for id in found.named() if id not in readable]
    for kind in (Node, Edge):
        held = [id for part in parts if isinstance(part, kind) for id in part.holds]
        issues += [
            Issue(f'"{id}" is drawn twice', file=found.file, id=id, expected="each once", repair="Take it out of one holds")
            for id in dict.fromkeys(held)
            if held.count(id) > 1
        ]
    if issues:
        raise ClaimError(issues)


def _unknown(problem: str, at: str, id: str, known: set[str], found: PathwayMap) -> Issue:
    near = ", ".join(get_close_matches(id, sorted(known), 3))
    return Issue(problem, file=found.file, id=at, expected=near or "an id of the model", repair=f'Correct "{id}"')


def undrawn(found: PathwayMap, model: Model) -> tuple[str, ...]:
    """Return species and states that no node holds, reactions and rate rules that no edge holds."""
    rates = [rule.target for rule in model.rules if rule.kind == "rate"]
    in_nodes = {id for node in found.nodes for id in node.holds}
    in_edges = {id for edge in found.edges for id in edge.holds}
    lost = [id for id in dict.fromkeys((*model.species, *rates)) if id not in in_nodes]
    return tuple(dict.fromkeys(lost + [id for id in (*model.reactions, *rates) if id not in in_edges]))


def over_time(found: PathwayMap, model: Model, times: np.ndarray, values: Mapping[str, np.ndarray]) -> Shown:
    """Return what the map shows at its frames, from values at `times` [h]; captions are tested at all of them."""
    frames = [int(np.argmin(np.abs(times - time))) for time in found.frames]
    raw = {node.id: np.broadcast_to(node.level.over(values), times.shape) for node in found.nodes}
    levels = {node.id: _share(raw[node.id], node.full) for node in found.nodes}
    flows = {edge.id: _share(_flow(edge, values, levels, model), None) for edge in found.edges}
    shares = {words: _relative(level.over(values)) for words, level in found.headline}
    ends = [*(caption.at for caption in found.captions[1:]), np.inf]
    held = tuple(
        bool(np.all([condition.holds(values)[(times >= caption.at) & (times < end)] for condition in caption.when]))
        for caption, end in zip(found.captions, ends, strict=True)
    )
    captions = []
    for time, frame in zip(found.frames, frames, strict=True):
        last = max(i for i, caption in enumerate(found.captions) if caption.at <= time)
        captions.append(found.captions[last].text if held[last] else neutral({words: share[frame] for words, share in shares.items()}))
    return Shown(
        map=found,
        values={id: value[frames] for id, value in raw.items()},
        levels={id: level[frames] for id, level in levels.items()},
        flows={id: flow[frames] for id, flow in flows.items()},
        headline={words: share[frames] for words, share in shares.items()},
        captions=tuple(captions),
        held=held,
        undrawn=undrawn(found, model),
    )


def neutral(shares: Mapping[str, float]) -> str:
    """Return the numbers as words, for a moment at which no caption is borne out."""
    parts = [f"{words} {100 * share:.0f} %" for words, share in shares.items()]
    return "As share of the start: " + ", ".join(parts) + "."


def _flow(edge: Edge, values: Mapping[str, np.ndarray], levels: Mapping[str, np.ndarray], model: Model) -> np.ndarray:
    """Return how much goes along an edge: what it names, else the net rate of its reactions, else the level of its source."""
    rates = [values[id] for id in edge.holds if id in model.reactions]
    if edge.flow is not None:
        return edge.flow.over(values)
    return np.abs(np.sum(rates, axis=0)) if rates else levels[edge.sources[0]]


def _share(values: np.ndarray, full: float | None) -> np.ndarray:
    top = float(np.max(values)) if full is None else full
    return np.clip(values / top, 0.0, 1.0) if top > 0 else np.zeros_like(values)


def _relative(values: np.ndarray) -> np.ndarray:
    return values / values[0] if values[0] else np.full_like(values, np.nan)
