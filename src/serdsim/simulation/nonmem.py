"""`simulate --nonmem`: a model of one's own under the event records of a NONMEM-style file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.dosing.nonmem_file import read_nonmem
from serdsim.dosing.records import Person, in_time_unit
from serdsim.dosing.regimen import Regimen
from serdsim.engine.engines import Engine, engine_for
from serdsim.engine.ensemble import Progress, run_ensemble
from serdsim.engine.plan import Arrays, Plan
from serdsim.errors import InputError, Issue
from serdsim.model.digest import model_digest
from serdsim.results.dataset import label_records
from serdsim.results.run_id import content_hash, run_id
from serdsim.simulation.draws import Draws, given_values
from serdsim.simulation.named import SimulationResult
from serdsim.simulation.question import Question, ask, check_outputs
from serdsim.simulation.recorded import run_records

_PAIR = re.compile(r"\s*(\d+)\s*=\s*(\S+)\s*")
_SEED = 1  # nothing is drawn
_PASSED_OVER = ("file", "line")


def simulate_nonmem(
    model: str,
    file: Path,
    *,
    compartments: str | None = None,
    outputs: Sequence[str] | None = None,
    library: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> SimulationResult:
    """Return the outputs of a model at the observation records of a file, with the central values of all parameters.

    Parameters
    ----------
    model : str
        Path of an SBML or Antimony file.
    file : Path
        Comma-separated records; see `read_nonmem`. Times are in h, amounts in the model's own unit of amounts.
    compartments : str, optional
        Species of each compartment that is dosed, ``"1=gut,2=central"``; may be left out where the model has one species
        and only compartment 1 is dosed.
    outputs : sequence of str, optional
        Ids of the model; left out: what the model shows by itself.

    Raises
    ------
    InputError
        For a shipped model, and for everything in the file that cannot be understood or does not fit the model.
    """
    question = ask(model, Regimen(), None, None, outputs, library)
    if not question.own:
        raise InputError(Issue(f"the shipped model {model} takes a regimen, not records", expected="the path of a model of your own"))
    equations = derive(question.model)
    check_outputs(question, equations)
    engine = engine or engine_for(equations)
    found = read_nonmem(file, equations.constants)
    ways = _ways(compartments, question, equations, found.people, file)
    given = np.repeat(given_values(question.model, equations.given, Draws(0, _SEED)), len(found.people), axis=1)

    def integrate(of: Equations, plan: Plan) -> Arrays:
        return run_ensemble(of, plan, workers=workers, progress=progress, engine=engine)

    people = in_time_unit(found.people, question.per_hour)
    recorded = run_records(equations, given, people, ways, question.outputs, integrate, rtol=engine.rtol)
    record = _record(question, found.people, ways, recorded.arrays, engine)
    record |= {
        "columns_read_as_inputs": list(found.inputs),
        "columns_passed_over": list(found.unused),
        "replay": _replay(model, file, ways, outputs),
    }
    unit = "h" if question.time_unit != "not given" else "time unit of the model, not given"
    names = [person.id for person in people]
    said = ("run", "seed", "model_hash", "numerics", "summary", "replay")
    attributes = {key: record[key] for key in said} | {"model": question.name}
    times = recorded.times / question.per_hour
    dataset = label_records(recorded.arrays, question.model, question.outputs, times, names, unit, attributes)
    return SimulationResult(dataset, record, str(record["run"]))


def _ways(text: str | None, question: Question, equations: Equations, people: Sequence[Person], file: Path) -> dict[int, str]:
    """Return the species of each compartment that is dosed."""
    dosed = sorted({record.compartment for person in people for record in person.records if record.doses})
    able = [id for id in question.model.species if id in equations.states]
    example = ",".join(f"{number}={able[min(place, len(able) - 1)]}" for place, number in enumerate(dosed)) if able else ""
    if text is not None:
        return _read_ways(text, able, example or "1=central")
    if not dosed:
        return {}
    if dosed == [1] and len(able) == 1:
        return {1: able[0]}
    listed = ", ".join(map(str, dosed))
    problem = f"the file doses compartment{'s' if len(dosed) > 1 else ''} {listed}; which species of {question.name} that is must be said"
    repair = f"Say it as --compartments, for example --compartments {example}" if example else None
    raise InputError(Issue(problem, str(file), expected=f"one of {', '.join(able) or 'no species can be dosed'} for each", repair=repair))


def _read_ways(text: str, able: Sequence[str], example: str) -> dict[int, str]:
    ways: dict[int, str] = {}
    for part in text.split(","):
        match = _PAIR.fullmatch(part)
        if match is None or int(match[1]) < 1 or int(match[1]) in ways:
            raise InputError(Issue(f'"{part.strip()}" in --compartments is no pair', expected=f"each number once, for example {example}"))
        if match[2] not in able:
            raise InputError(Issue("--compartments names no species that can be dosed", id=match[2], expected=f"one of {', '.join(able)}"))
        ways[int(match[1])] = match[2]
    return ways


def _record(question: Question, people: Sequence[Person], ways: Mapping[int, str], arrays: Arrays, engine: Engine) -> dict[str, object]:
    plan = {
        "model": "own model",
        "records": content_hash([[person.id, [_plain(record) for record in person.records]] for person in people]),
        "compartments": {str(number): id for number, id in ways.items()},
        "outputs": list(question.outputs),
    }
    digest = model_digest(question.model)
    failed = int(np.sum(arrays.status != "ok"))
    return {
        "run": run_id(digest, plan, _SEED, engine.numerics),
        "seed": _SEED,
        "model_hash": digest,
        "plan": plan,
        "numerics": engine.numerics,
        "status": {"ok": arrays.status.size - failed, "failed": failed},
        "citations": [],
        "summary": f"{question.name}: records of {len(people)} individuals",
    }


def _plain(record: object) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _PASSED_OVER}


def _replay(model: str, file: Path, ways: Mapping[int, str], outputs: Sequence[str] | None) -> str:
    words = ["serdsim", "simulate", Path(model).name, f"--nonmem {file.name}"]
    words += ["--compartments " + ",".join(f"{number}={id}" for number, id in ways.items())] if ways else []
    return " ".join([*words, *(f"--output {id}" for id in outputs or ())])
