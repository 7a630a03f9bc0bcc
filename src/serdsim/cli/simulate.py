"""``serdsim simulate MODEL REGIMEN``: a shipped model or a file, dosed and run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.nonmem import run_records_and_show
from serdsim.cli.outcome import run_and_show
from serdsim.errors import InputError, Issue, ModelError

if TYPE_CHECKING:
    from serdsim.dosing.regimen import Regimen

_REGIMEN = 'For example "imlunestrant 100 nM once"; left out: untreated.'
_NONMEM = "Doses and observation times from a CSV file of NONMEM records (TIME in h) instead of a regimen; own models only."
_COMPARTMENTS = 'Species of the compartments that the file doses, as "1=gut,2=central".'
_SET = "Value of an input of the model as NAME=VALUE, for example fed=1; may be repeated."
_PATIENTS = "Individuals beside the typical one in each draw, who differ by the variances between individuals."
_LESIONS = 'Lesions of each patient, as "liver: 15 mm, brain: 8 mm"; they share the exposure.'
_NOT_BESIDE = (
    "a regimen",
    "--genotype or --cell-line",
    "--hours or --every",
    "--draws",
    "--set",
    "--patients",
    "--lesions",
    "--plot",
)
_EVERY = "Time between outputs in h [default: 1; a host: closely in the first and the last dosing interval, else 1 to 6]"


def simulate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model or the path of an SBML or Antimony file.")],
    regimen: Annotated[str | None, typer.Argument(metavar="REGIMEN", help=_REGIMEN)] = None,
    *,
    genotype: Annotated[str | None, typer.Option("--genotype", help="ESR1 genotype of a shipped model [default: WT]")] = None,
    cell_line: Annotated[str | None, typer.Option("--cell-line", help="Cell line of a shipped model [default: MCF7]")] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Length in h [default: 72; a host: the last dosing interval]")] = None,
    every: Annotated[float | None, typer.Option("--every", help=_EVERY)] = None,
    draws: Annotated[int, typer.Option("--draws", min=1, help="Draws of uncertain parameters; 1 uses the central ones.")] = 1,
    patients: Annotated[int, typer.Option("--patients", min=0, help=_PATIENTS)] = 0,
    lesions: Annotated[str, typer.Option("--lesions", metavar="LIST", help=_LESIONS)] = "",
    seed: options.Seed = 1,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=_SET)] = None,
    nonmem: Annotated[Path | None, typer.Option("--nonmem", metavar="FILE", help=_NONMEM)] = None,
    compartments: Annotated[str | None, typer.Option("--compartments", metavar="LIST", help=_COMPARTMENTS)] = None,
    output: Annotated[list[str] | None, typer.Option("--output", metavar="NAME", help="Observable to keep; may be repeated.")] = None,
    plot: options.Plot = False,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
    workers: options.Workers = None,
) -> None:
    """Run a model under a regimen.

    The trajectories go to a run folder while it runs; a summary is printed. A run that was cancelled goes on with resume.
    """
    from serdsim.results.run_folder import require_room

    require_room(out)
    if nonmem is not None:
        timed = hours is not None or every is not None
        told = (regimen is not None, genotype or cell_line, timed, draws != 1, set_, patients, lesions, plot)
        _refuse_beside_file([name for name, given in zip(_NOT_BESIDE, told, strict=True) if given])
        _report_on_own_model(model, library)
        run_records_and_show(model, nonmem, compartments, output or None, library, out, workers, as_json)
        return
    _refuse_without_file(compartments)
    doses = _doses(regimen, model, library)
    _report_on_own_model(model, library)
    from serdsim.simulation.lesions import parse_lesions
    from serdsim.simulation.prepared import prepare

    ready = prepare(
        model,
        doses,
        genotype=genotype,
        cell_line=cell_line,
        duration_h=hours,
        every_h=every,
        draws=draws,
        patients=patients,
        lesions=parse_lesions(lesions) if lesions else (),
        seed=seed,
        outputs=output or None,
        settings=_settings(set_ or []),
        library=library,
    )
    run_and_show(ready, out, workers, as_json, plot)


def _refuse_beside_file(others: list[str]) -> None:
    if others:
        problem = f"{' and '.join(others)} cannot stand beside --nonmem"
        raise InputError(Issue(problem, expected="doses, individuals and times from the file alone"))


def _refuse_without_file(compartments: str | None) -> None:
    if compartments is not None:
        raise InputError(Issue("--compartments is for the records of a file", expected="--nonmem FILE beside it"))


def _report_on_own_model(model: str, library: Path | None) -> None:
    """Say on stderr, before anything runs, what a model that is not shipped holds and what is odd about it.

    Raises
    ------
    ModelError
        When it cannot be run.
    """
    from serdsim.model.recipe import shipped_models

    if model in shipped_models(library) or not Path(model).is_file():
        return
    from serdsim.cli.screen import say
    from serdsim.model.compatibility import compatibility
    from serdsim.model.sbml import read_model

    own = read_model(Path(model))
    report = compatibility(own)
    if report.refused:
        raise ModelError(report.refused)
    say(report.text())
    if "time" not in own.units:
        say("It gives no unit of time: --hours and --every are taken in its own unit.")


def _settings(words: list[str]) -> dict[str, float]:
    """Return the values that --set gives."""
    found: dict[str, float] = {}
    for word in words:
        name, sign, text = (part.strip() for part in word.partition("="))
        try:
            value = float(text) if "_" not in text else None
        except ValueError:
            value = None
        if not name or not sign or value is None:
            repair = "Write the name of an input of the model, =, and a number, without blanks"
            raise InputError(Issue(f'--set "{word}" is not NAME=VALUE', expected="for example --set fed=1", repair=repair))
        if name in found:
            raise InputError(Issue(f"--set {name} is given twice", expected="each input once", repair="Keep one of the two"))
        found[name] = value
    return found


def _doses(regimen: str | None, model: str, library: Path | None) -> Regimen | None:
    from serdsim.dosing.regimen import parse_regimen
    from serdsim.model.recipe import drugs_of, shipped_library, shipped_models

    if regimen is None:
        return None
    known = drugs_of(model, library or shipped_library()) if model in shipped_models(library) else ()
    return parse_regimen(regimen, known)
