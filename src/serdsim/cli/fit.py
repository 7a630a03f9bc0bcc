"""``serdsim fit PROBLEM``: many starts, the best of them in detail, and its page."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serdsim.cli import options
from serdsim.errors import Cancelled, InputError, Issue

if TYPE_CHECKING:
    from serdsim.cli.progress import Progress
    from serdsim.fit.question import Question
    from serdsim.fit.search import Fit
    from serdsim.report.fit_answer import FitAnswer
    from serdsim.results.unfinished import Unfinished

_PROBLEM = "A shipped problem such as cell, the path of a PEtab problem (YAML), or a folder that holds one."
_STARTS = "Descents from points drawn from the priors; more make it surer that the best is the best."
_KEPT = "starts.jsonl"


class Optimiser(StrEnum):
    """Optimisers."""

    fides = "fides"
    l_bfgs_b = "L-BFGS-B"


def fit(
    problem: Annotated[str, typer.Argument(metavar="PROBLEM", help=_PROBLEM)],
    *,
    starts: Annotated[int, typer.Option("--starts", min=1, max=1_000_000, help=_STARTS)] = 100,
    seed: options.Seed = 1,
    optimiser: Annotated[Optimiser, typer.Option("--optimiser", help="How each start descends.")] = Optimiser.fides,
    workers: options.Workers = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
) -> None:
    """Fit the parameters of a PEtab problem; write the page.

    Finished starts are kept while it runs: after Ctrl-C the same command, or resume, goes on with the rest.
    """
    from serdsim.results.run_folder import require_room

    require_room(out)
    fit_and_show(_question(problem, starts, seed, optimiser, library), out, workers, as_json)


def resume_fit(said: Mapping[str, Any], out: Path, workers: int | None, as_json: bool) -> None:
    """Go on with an unfinished fit, as its resume.json says it was asked.

    Raises
    ------
    InputError
        When the problem, or what reads it, is not what it was.
    """
    asked = said["asked"]
    library = Path(asked["library"]) if asked["library"] else None
    question = _question(asked["problem"], asked["starts"], asked["seed"], Optimiser(asked["optimiser"]), library)
    if question.run != said["run"]:
        what = f"the problem {question.problem.name}, or the version that reads it, is not what it was when the run began"
        repair = "A run is not mixed from two: bring back what was there, or start anew with serdsim fit"
        raise InputError(Issue(what, expected="the same one", repair=repair))
    fit_and_show(question, out, workers, as_json)


def fit_and_show(question: Question, out: Path, workers: int | None, as_json: bool) -> None:
    """Fit, write the run folder, and print what was found."""
    from serdsim.cli.fit_screen import fit_item, print_fit
    from serdsim.cli.json_out import print_document
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import print_words, say
    from serdsim.results.disk import disk_errors
    from serdsim.results.run_folder import write_run
    from serdsim.results.run_lock import locked
    from serdsim.results.unfinished import Unfinished

    (say if as_json else print_words)(question.problem.text().splitlines()[0])
    work = Unfinished(out, question.run)
    with disk_errors(out), locked(out, question.run), shown_progress() as progress:
        answer = _answered(question, work, workers, progress)
        folder = write_run(
            out, question.run, answer.record, tables=answer.tables, figures=answer.figures, page=answer.page,
            extra_files=answer.files, to_png=_to_png(len(answer.figures), progress),
        )  # fmt: skip
    if as_json:
        print_document(question.run, [fit_item(answer)])
    else:
        print_fit(answer)
    show = say if as_json else print
    show(f"Again: {question.command}")
    show(f"Page: {folder / 'report.html'}")


def _question(name: str, starts: int, seed: int, optimiser: Optimiser, library: Path | None) -> Question:
    """Return what is asked, once it is known that it can be answered.

    Raises
    ------
    InputError
        For a problem that cannot be fitted, or an optimiser that is not installed.
    """
    from dataclasses import replace

    from serdsim.cli.check import refuse
    from serdsim.cli.screen import say
    from serdsim.fit import check_problem
    from serdsim.fit.find import find_problem
    from serdsim.fit.minimise import require_optimiser
    from serdsim.fit.question import Question
    from serdsim.fit.search import DESCENDING
    from serdsim.fit.space import space_of

    file = find_problem(name, library)
    linted = check_problem(file, library)
    if linted.problem is None:
        refuse(file, linted.issues, say)
        raise typer.Exit(2)
    require_optimiser(optimiser.value)
    space_of(linted.problem)
    return Question(name, file, linted.problem, starts, seed, replace(DESCENDING, optimiser=optimiser.value), library=library)


def _answered(question: Question, work: Unfinished, workers: int | None, progress: Progress) -> FitAnswer:
    """Return the finished fit; what is done of one that is not stays where the next try finds it."""
    from serdsim.report.fit_answer import answer_fit

    begun = work.read() is not None
    file = work.parts.folder / _KEPT
    if not begun:
        work.clear()
    try:
        work.begin(question.marks)
        found = _searched(question, file, workers, progress)
        return answer_fit(question, found)
    except (KeyboardInterrupt, Cancelled):
        done = _done(file)
        if not done:
            _leave_nothing(work)
            raise Cancelled(f"cancelled before the first of {question.starts} starts was done; nothing is kept") from None
        again = f"serdsim resume {question.run}" + (f' --out "{work.root}"' if work.root != Path("runs") else "")
        raise Cancelled(f"cancelled: {done} of {question.starts} starts are done and kept; go on with: {again}") from None
    except InputError:
        if not begun:
            _leave_nothing(work)
        raise


def _searched(question: Question, file: Path, workers: int | None, progress: Progress) -> Fit:
    from serdsim.fit import multistart
    from serdsim.fit.search import fit_problem

    ready = False

    def show(now: multistart.Progress) -> None:
        nonlocal ready
        if not ready:
            ready = True
            progress("making ready", 1, 1)
        progress("starts done", now.done, now.asked)

    progress("making ready", 0, 1)
    return fit_problem(
        question.problem, seed=question.seed, starts=question.starts, descending=question.descending, settings=question.settings,
        workers=workers, file=file, progress=show,
    )  # fmt: skip


def _done(file: Path) -> int:
    """Return how many starts are kept."""
    with contextlib.suppress(OSError):
        return max(0, file.read_bytes().count(b"\n") - 1)
    return 0


def _leave_nothing(work: Unfinished) -> None:
    work.clear()
    with contextlib.suppress(OSError):  # a finished run of the same question may be there
        work.folder.rmdir()


def _to_png(count: int, progress: Progress) -> Callable[[str], bytes]:
    from serdsim.report.png import svg_to_png

    done = 0

    def drawn(svg: str) -> bytes:
        nonlocal done
        done += 1
        progress("drawing figures", done, count)
        return svg_to_png(svg, 1400)

    return drawn
