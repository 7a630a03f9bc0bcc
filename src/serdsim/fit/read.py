"""The YAML file of a PEtab problem -> `Problem`, or every issue that stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from serdsim.errors import InputError, Issue, ModelError
from serdsim.fit.extension import FILES, extension_files
from serdsim.fit.extension_lint import lint_extension
from serdsim.fit.formula import require_petab
from serdsim.fit.lint import Linted, lint_problem
from serdsim.fit.problem import Problem
from serdsim.fit.rows import Reading
from serdsim.fit.version_one import read_one
from serdsim.fit.version_two import read_two
from serdsim.model.antimony import read_text
from serdsim.model.entities import Model, Place
from serdsim.model.sbml import read_model


class ProblemError(InputError):
    """A PEtab problem."""


def read_problem(path: Path, library: Path | None = None) -> Problem:
    """Return the PEtab problem of a YAML file, of version 1 or 2.

    The rows that its sources name are looked up in `library`, in the shipped one where none is given.

    Raises
    ------
    ProblemError
        With every issue: file, line, what was expected and how to repair it.
    InputError
        When the library petab is not installed.
    """
    linted = check_problem(path, library)
    if linted.issues:
        raise ProblemError(linted.issues)
    assert linted.problem is not None
    return linted.problem


def check_problem(path: Path, library: Path | None = None) -> Linted:
    """Return the problem of a YAML file with every issue; the problem is None where an issue leaves no whole one.

    Raises
    ------
    InputError
        When the library petab is not installed.
    """
    require_petab()
    reading = Reading(path.parent)
    document = _document(path, reading)
    problem = None if document is None else _problem(path, document, reading)
    if problem is not None:
        whole = not reading.issues
        reading.issues += lint_extension(problem, library, whole)
        reading.issues += lint_problem(problem) if whole else []
    order = sorted(reading.issues, key=lambda issue: (issue.file or "", issue.line or 0))
    return Linted(problem if not order else None, tuple(order))


def _document(path: Path, reading: Reading) -> dict[str, Any] | None:
    place = Place(path.name)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        reading.wrong("there is no such file", place)
        return None
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        reading.wrong("the file is not YAML", Place(path.name, None if line is None else line + 1))
        return None
    if not isinstance(document, dict) or str(document.get("format_version", ""))[:2] not in ("1", "1.", "2", "2."):
        reading.wrong("the file is not a PEtab problem that we know", place, expected='"format_version: 1" or "format_version: 2.0.0"')
        return None
    return document


def _problem(path: Path, document: dict[str, Any], reading: Reading) -> Problem | None:
    place = Place(path.name)
    one = str(document["format_version"])[0] == "1"
    own = extension_files(document.get("extensions"), 1 if one else 2, place, reading)
    parts = _parts_of_one(document, reading, place) if one else document
    models = _models_of_one(parts) if one else document.get("model_files")
    if parts is None:
        return None
    model = _model(models, reading, place)
    files = {key: _listed(parts.get(key)) for key in parts if key.endswith("_files") and key not in ("model_files", "sbml_files", *FILES)}
    files |= own
    files["parameter_files"] = _listed(document.get("parameter_file") if one else document.get("parameter_files"))
    for key in ("parameter_files", "observable_files", "measurement_files"):
        if not files.get(key):
            reading.wrong(f'the problem names no file under "{key}"', place)
    if model is None:
        return None
    name = path.stem.lstrip("_") if path.stem != "problem" else path.absolute().parent.name
    return replace((read_one if one else read_two)(name, model[0], files, reading), model_text=model[1])


def _parts_of_one(document: Mapping[str, Any], reading: Reading, place: Place) -> dict[str, Any] | None:
    problems = document.get("problems")
    if not isinstance(problems, list) or len(problems) != 1 or not isinstance(problems[0], dict):
        count = len(problems) if isinstance(problems, list) else 0
        reading.wrong(f"the file holds {count} problems", place, expected="one", repair="Write a YAML file for each")
        return None
    return problems[0]


def _models_of_one(parts: Mapping[str, Any] | None) -> dict[str, Any]:
    files = _listed((parts or {}).get("sbml_files"))
    return {file: {"language": "sbml", "location": file} for file in files} or dict((parts or {}).get("model_files") or {})


def _model(models: object, reading: Reading, place: Place) -> tuple[Model, str] | None:
    """Return the model and the text of its file."""
    if not isinstance(models, dict) or len(models) != 1:
        count = len(models) if isinstance(models, dict) else 0
        reading.wrong(f"the problem has {count} models", place, expected="one model")
        return None
    ((id, entry),) = models.items()
    language = str(entry.get("language")) if isinstance(entry, dict) else "none"
    if language.lower() != "sbml":
        reading.wrong(f'the model is written in the language "{language}"', place, str(id), "sbml", "Export the model as SBML")
        return None
    file = str(entry.get("location"))
    try:
        model = replace(read_model(reading.folder / file), origin=Path(file).name)
        return model, read_text(reading.folder / file, "an SBML file")
    except ModelError as error:
        reading.issues += [Issue(one.problem, one.file or file, one.line, one.id, one.expected, one.repair) for one in error.issues]
        return None


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []
