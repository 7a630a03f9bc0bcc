"""A question made ready: everything is resolved and checked, nothing has run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import derive
from serdsim.codegen.infusion import with_infusions
from serdsim.dosing.regimen import Regimen, format_regimen
from serdsim.engine.engines import Engine, engine_for
from serdsim.engine.instruction_set import instruction_set
from serdsim.errors import InputError, Issue
from serdsim.model.digest import model_digest
from serdsim.model.outputs import OutputNames, read_outputs
from serdsim.model.recipe import files_of, read_recipe, shipped_library
from serdsim.model.salts import read_salts
from serdsim.results.run_id import run_id
from serdsim.results.run_record import package_versions
from serdsim.simulation.balance import balances_of
from serdsim.simulation.doses import doses_after, infused, length_of, schedule_of
from serdsim.simulation.drawn_job import DrawnJob
from serdsim.simulation.draws import Draws, Marginal, marginals_of, require_variance
from serdsim.simulation.host_doses import free_base
from serdsim.simulation.host_times import host_times, host_times_in_words
from serdsim.simulation.lesions import Lesion, lesions_in_words, lesions_of, parse_lesions, require_unset
from serdsim.simulation.question import Question, ask, check_outputs

MOST_TIMES = 1_000_000
STANDARD_H, _EVERY_H = 72.0, 1.0
_PATIENTS = (
    "Patient 0 of each draw is the typical one; patients 1 to {patients} differ from it by the variances between individuals, and all "
    "patients of a draw share its uncertain parameters."
)
_LESIONS = "The lesions {names} of a patient share its numbers and its exposure."


@dataclass(frozen=True)
class Prepared:
    """A simulation that is ready to run.

    Attributes
    ----------
    question : Question
    job : DrawnJob
        What computes any chunk of the individuals.
    times : ndarray
        When outputs are observed [h].
    record : mapping
        What run.json says, all but the outcome.
    marks : mapping
        What a run that goes on later must find unchanged; `marks["asked"]` holds the options of `prepare`.
    doses : Regimen
        What is given, as free base.
    observed : str
        When a host is observed, where nobody said it.
    names : OutputNames
        What the outputs are called.
    """

    question: Question
    job: DrawnJob
    times: np.ndarray
    record: Mapping[str, object]
    marks: Mapping[str, object]
    doses: Regimen
    observed: str
    names: OutputNames

    @property
    def run(self) -> str:
        """The run id."""
        return str(self.record["run"])


def prepare(
    model: str,
    regimen: Regimen | None = None,
    *,
    genotype: str | None = None,
    cell_line: str | None = None,
    duration_h: float | None = None,
    every_h: float | None = None,
    draws: int = 1,
    patients: int = 0,
    lesions: Sequence[Lesion] = (),
    seed: int = 1,
    outputs: Sequence[str] | None = None,
    settings: Mapping[str, float] | None = None,
    library: Path | None = None,
    engine: Engine | None = None,
) -> Prepared:
    """Return the simulation of a model under a regimen, ready to run; the options are those of `simulate_named`.

    Without a length a host is followed to the end of the last dosing interval, any other model for 72 h. Without a distance of the
    outputs a host is observed as `host_times` says, any other model every hour.

    Raises
    ------
    InputError
        For an unknown model, drug, genotype or output, and for a dose that the model cannot take.
    """
    regimen = regimen or Regimen()
    doses = free_base(regimen, read_salts(library or shipped_library()))
    check_times(STANDARD_H if duration_h is None else duration_h, _EVERY_H if every_h is None else every_h, draws, patients)
    question = ask(model, doses, genotype, cell_line, outputs, library, settings)
    require_unset(lesions, question.lesions, settings or {})
    if duration_h is None:
        duration_h = length_of(question, doses) if question.ways else STANDARD_H
        check_times(duration_h, _EVERY_H if every_h is None else every_h, draws, patients)
    every_h = _EVERY_H if every_h is None and not question.ways else every_h
    times = host_times(doses, duration_h) if every_h is None else grid(duration_h, every_h)
    job = _job(question, doses, times, Draws(0 if draws == 1 else draws, seed, beside=patients), lesions, engine)
    asked = {
        "model": str(Path(model).absolute()) if question.own else model,
        "regimen": format_regimen(regimen) if regimen.doses else "",
        **{"genotype": genotype, "cell_line": cell_line, "duration_h": duration_h, "every_h": every_h, "draws": draws},
        **({"patients": patients} if patients else {}),
        **({"lesions": lesions_in_words(lesions)} if lesions else {}),
        **{"seed": seed, "outputs": None if outputs is None else list(outputs)},
        **({"settings": dict(settings)} if settings else {}),
        "library": str(library.absolute()) if library else None,
    }
    names = OutputNames({}) if question.own else read_outputs(library or shipped_library(), question.selection)
    observed = "" if every_h is not None else host_times_in_words(doses, duration_h)
    record = _record(question, asked, seed, job.engine.numerics, doses_after(question, doses, float(times[-1])), observed)
    record["replay"] = _replay(question, asked, library)
    return Prepared(question, job, times, record, _marks(job, record, asked, question, library), doses, observed, names)


def _job(question: Question, doses: Regimen, times: np.ndarray, draws: Draws, lesions: Sequence[Lesion], engine: Engine | None) -> DrawnJob:
    """Return what computes any chunk of the individuals."""
    equations, flows = derive(question.model), infused(question, doses)
    check_outputs(question, equations)
    marginals, per_hour = marginals_of(question.model, equations.given), question.per_hour
    require_variance(marginals, draws, question.name)
    equations_now = with_infusions(equations, flows)
    engine = engine or engine_for(equations_now)
    schedule = schedule_of(question, doses, 1, float(times[-1]), per_hour)
    return DrawnJob(
        engine=engine,
        equations=equations_now,
        marginals=(*marginals, *(Marginal(0.0) for _ in flows)),
        draws=draws,
        schedule=schedule,
        times=times * per_hour,
        outputs=question.outputs,
        pre_run=question.pre_run * per_hour,
        chunk=engine.chunk_of(len(times) * len(question.outputs)),
        plating=question.plating,
        tolerance=question.tolerance,
        lesions=lesions_of(lesions, question.lesions, question.model, equations, question.name),
        balances=balances_of(question.name, question.balances, equations, schedule, times * per_hour),
        finite=not question.own,
    )


def check_times(duration_h: float, every_h: float, draws: int, patients: int = 0) -> None:
    """Raise an InputError for a length, a distance or a number of individuals that means nothing, or for too many outputs."""
    issues = [
        Issue(f"{name} is {value:g}", expected="a finite number of hours above 0")
        for name, value in (("--hours", duration_h), ("--every", every_h))
        if not 0 < value < math.inf
    ]
    if draws < 1:
        issues.append(Issue(f"--draws is {draws}", expected="1 or more"))
    if patients < 0:
        issues.append(Issue(f"--patients is {patients}", expected="0 or more"))
    if not issues and duration_h / every_h > MOST_TIMES:
        words = f"--hours {duration_h:g} --every {every_h:g} asks for {duration_h / every_h:.3g} outputs"
        issues = [Issue(words, expected=f"at most {MOST_TIMES}")]
    if issues:
        raise InputError(issues)


def grid(duration_h: float, every_h: float) -> np.ndarray:
    """Return the output times [h]: every `every_h` from 0 on, and the end."""
    steps = int(duration_h / every_h * (1.0 + 1e-12))
    times = every_h * np.arange(steps + 1)
    return np.append(times[times < duration_h * (1.0 - 1e-12)], duration_h)


def _record(question: Question, asked: Mapping[str, object], seed: int, numerics: str, late: int, observed: str) -> dict[str, object]:
    digest = model_digest(question.model)
    plan = {
        "model": "own model" if question.own else question.name,
        "selection": dict(question.selection),
        **{key: asked[key] for key in ("regimen", "duration_h", "every_h", "draws", "patients", "lesions") if key in asked},
        **({"observed": observed} if observed else {}),
        "outputs": list(question.outputs),
        "pre_run_h": question.pre_run,
        **question.tolerance.said,
        "plating": None if question.plating is None else asdict(question.plating),
        "doses": dict(question.doses),
        **({"settings": asked["settings"]} if "settings" in asked else {}),
        **({"ways": {drug: ways.record() for drug, ways in question.ways.items()}} if question.ways else {}),
    }
    return {
        "run": run_id(digest, plan, seed, numerics),
        "seed": seed,
        "model_hash": digest,
        "plan": plan,
        "numerics": numerics,
        "doses_after_the_end": late,
        **({"individuals": which} if (which := _which(asked)) else {}),
        "citations": list(dict.fromkeys(key for entry in question.model.evidence.values() for key in entry.source)),
        "summary": f"{question.name}: {plan['regimen'] or 'untreated'}",
    }


def _which(asked: Mapping[str, object]) -> str:
    """Return which individual is which; empty where there is one in a draw."""
    patients, lesions = int(str(asked.get("patients", 0))), parse_lesions(str(asked["lesions"])) if "lesions" in asked else ()
    person = f"{1 + patients} x draw + patient" if patients else "draw"
    number = f"{len(lesions)} x ({person}) + lesion" if lesions else person
    words = [_PATIENTS.format(patients=patients)] if patients else []
    words += [_LESIONS.format(names=", ".join(f"{i} {one.name}" for i, one in enumerate(lesions)))] if lesions else []
    return " ".join([f"Individual = {number}.", *words]) if words else ""


def _marks(
    job: DrawnJob, record: Mapping[str, object], asked: Mapping[str, object], question: Question, library: Path | None
) -> dict[str, object]:
    """Return what must be the same when the run goes on, in another process or on another day."""
    root = library or shipped_library()
    files = [Path(str(asked["model"]))] if question.own else files_of(read_recipe(question.name, root), root)
    names = [file.name if question.own else file.relative_to(root).as_posix() for file in files]
    return {
        "asked": asked,
        "chunk": job.chunk,
        "numerics": job.engine.numerics,
        "instruction_set": instruction_set(),
        "versions": package_versions(),
        "model_hash": record["model_hash"],
        "files": {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in zip(names, files, strict=True)},
    }


def _replay(question: Question, asked: Mapping[str, object], library: Path | None) -> str:
    words = ["serdsim", "simulate", question.name]
    words += [f'"{asked["regimen"]}"'] if asked["regimen"] else []
    words += [f"--{key.replace('_', '-')} {question.selection[key]}" for key in ("genotype", "cell_line") if key in question.selection]
    words += [f"--hours {asked['duration_h']:g}", *([f"--every {asked['every_h']:g}"] if asked["every_h"] else [])]
    words += [f"--draws {asked['draws']}", f"--seed {asked['seed']}"]
    settings = asked.get("settings") or {}
    words += [f"--set {id}={value!r}" for id, value in settings.items()]  # type: ignore[attr-defined]
    words += [f"--patients {asked['patients']}"] if "patients" in asked else []
    words += [f'--lesions "{asked["lesions"]}"'] if "lesions" in asked else []
    words += [f"--output {id}" for id in question.outputs] if asked["outputs"] is not None else []
    return " ".join([*words, *([f'--library "{library}"'] if library else [])])
