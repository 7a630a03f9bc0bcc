"""`resume`: an unfinished run goes on where it was, when nothing has changed on which its numbers depend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serdsim.dosing.regimen import Regimen, parse_regimen
from serdsim.engine.engines import Engine
from serdsim.engine.instruction_set import instruction_set
from serdsim.errors import InputError, Issue
from serdsim.results.unfinished import Unfinished
from serdsim.simulation.lesions import parse_lesions
from serdsim.simulation.prepared import Prepared, prepare


def reopen(root: Path, run: str, *, engine: Engine | None = None) -> Prepared:
    """Return the unfinished run `run` below `root` as it was asked, ready to go on with `stream`.

    Raises
    ------
    InputError
        When there is nothing to go on with, or when instruction set, numerics, packages, files of the model or the model
        are not those with which the run began; names each.
    """
    said = Unfinished(root, run).read()
    if said is None:
        raise InputError(Issue(f"the run {run} has no resume.json", expected="a run that was cancelled or killed"))
    _refuse(run, _changed_surroundings(said))
    asked = dict(said["asked"])
    model, text, library = asked.pop("model"), asked.pop("regimen"), asked.pop("library")
    regimen = parse_regimen(text) if text else Regimen()
    lesions = parse_lesions(asked.pop("lesions")) if "lesions" in asked else ()
    ready = prepare(model, regimen, lesions=lesions, library=Path(library) if library else None, engine=engine, **asked)
    _refuse(run, _changed_model(said, ready))
    return ready


def _changed_surroundings(said: Mapping[str, Any]) -> list[Issue]:
    from serdsim.results.run_record import package_versions

    pairs = [("instruction set", said["instruction_set"], instruction_set())]
    now = package_versions()
    pairs += [(f"version of {name}", said["versions"].get(name, "none"), now.get(name, "none")) for name in {**said["versions"], **now}]
    return [_issue(what, before, after) for what, before, after in pairs if before != after]


def _changed_model(said: Mapping[str, Any], ready: Prepared) -> list[Issue]:
    files: Any = ready.marks["files"]
    kind = "model" if ready.question.own else "library"
    changed = [name for name in {**said["files"], **files} if said["files"].get(name) != files.get(name)]
    issues = [Issue(f"{name} of the {kind} is not what it was when the run began", expected="the same file") for name in changed]
    if said["model_hash"] != ready.marks["model_hash"]:
        issues.append(_issue("model", said["model_hash"][:16], str(ready.marks["model_hash"])[:16]))
    if said["numerics"] != ready.marks["numerics"]:
        issues.append(_issue("numerics version", said["numerics"], ready.marks["numerics"]))
    if not issues and ready.run != said["run"]:
        issues.append(_issue("run id", said["run"], ready.run))
    if not issues and said["chunk"] != ready.job.chunk:
        issues.append(_issue("size of a chunk", said["chunk"], ready.job.chunk))
    return issues


def _issue(what: str, before: object, after: object) -> Issue:
    return Issue(f"the {what} is {after}, and was {before} when the run began", expected="the same one")


def _refuse(run: str, issues: list[Issue]) -> None:
    if issues:
        last = issues[-1]
        repair = "A run is not mixed from two: bring back what was there, or start anew with simulate"
        raise InputError([*issues[:-1], Issue(f"{last.problem}", expected=last.expected, repair=repair)])
