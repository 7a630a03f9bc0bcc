"""``serdsim check MODEL_OR_PROBLEM``: can it be run here, and do its units fit?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.errors import Issue

if TYPE_CHECKING:
    from serdsim.model.entities import Model


def check(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A shipped model, or the path of an SBML or Antimony file or of a PEtab problem (YAML).")
    ],
    library: options.Library = None,
) -> None:
    """Say if a model can be run and its units fit, or if a PEtab problem can be scored.

    The exit status is 2 when not. Units that are missing from a model of your own are a warning.
    """
    path = Path(model)
    if path.suffix.lower() in (".yaml", ".yml"):
        _check_problem(path, library)
        return
    from serdsim.model.compatibility import compatibility
    from serdsim.model.recipe import shipped_models
    from serdsim.model.unit_check import check_units

    shipped = model in shipped_models(library)
    found = _read(model, library)
    report, issues = compatibility(found), check_units(found)
    # a model from elsewhere may leave units out, ours may not
    missing = [] if shipped else [issue for issue in issues if "has no unit" in issue.problem]
    wrong = [issue for issue in issues if issue not in missing]
    words = report.text()
    print(words if report.refused or not wrong else words.replace("It can be run.", "It cannot be run: its units do not fit."))
    _list("Units that do not fit:", wrong)
    _list("Units that are missing, so that fewer formulas can be checked:", missing)
    if not issues:
        print("Its units fit.")
    if report.refused or wrong:
        raise typer.Exit(2)


def _check_problem(path: Path, library: Path | None) -> None:
    from serdsim.fit import check_problem
    from serdsim.fit.second_opinion import second_opinion

    linted = check_problem(path, library)
    issues = list(linted.issues) or second_opinion(path, linted.problem)
    if linted.problem is not None and not issues:
        print(linted.problem.text())
        return
    refuse(path, issues, print)
    raise typer.Exit(2)


def refuse(path: Path, issues: Sequence[Issue], show: Callable[[str], None]) -> None:
    """Say everything that is wrong with a problem."""
    show(f"{path.name} cannot be used; it has {len(issues)} issue{'s' if len(issues) > 1 else ''}:")
    for issue in issues:
        show(f"- {issue}")


def _list(heading: str, issues: list[Issue]) -> None:
    if issues:
        print(heading)
    for issue in issues:
        print(f"- {issue}")


def _read(name: str, library: Path | None) -> Model:
    """Return the shipped model `name`, or the model of the file `name`.

    Raises
    ------
    ModelError
        When there is neither; names the shipped models.
    """
    from serdsim.model.library import load
    from serdsim.model.recipe import neither_model_nor_file, shipped_models
    from serdsim.model.sbml import read_model

    if name in shipped_models(library):
        return load(name, library=library)
    path = Path(name)
    if path.exists():
        return read_model(path)
    raise neither_model_nor_file(name, library)
