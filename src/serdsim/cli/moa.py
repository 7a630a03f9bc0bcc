"""``serdsim moa``: every statement of the page, tested."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document, statement_item
from serdsim.errors import ClaimError, IndividualsFailed, Issue

if TYPE_CHECKING:
    from serdsim.claims.records import Answer
    from serdsim.report.answer import MoaResult

_QUESTION = "A question of the library such as by-mutation, or all; left out, the mechanism of action."


def moa(
    question: Annotated[str, typer.Argument(metavar="[QUESTION]", help=_QUESTION)] = "moa",
    *,
    draws: options.Draws = 64,
    seed: options.Seed = 1,
    workers: options.Workers = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
    as_of: options.AsOf = "today",
    with_values: options.With = None,
) -> None:
    """Test every statement of a question; write its page.

    The page and all tables and figures go to a run folder.
    """
    answer_statements(
        "moa",
        None,
        question=question,
        draws=draws,
        seed=seed,
        workers=workers,
        as_json=as_json,
        out=out,
        library=library,
        as_of=as_of,
        with_values=with_values,
    )


def answer_statements(
    verb: str,
    only: Sequence[str] | None,
    *,
    question: str = "moa",
    draws: int,
    seed: int,
    workers: int | None,
    as_json: bool,
    out: Path,
    library: Path | None,
    as_of: str,
    with_values: Path | None = None,
) -> None:
    """Run the statements (`only` those ids, else all of the question), write the run folder and print the answer.

    Raises
    ------
    IndividualsFailed
        After everything is written and printed, when some draws failed.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import say
    from serdsim.report.answer import answer_moa
    from serdsim.results.run_folder import require_room

    as_of = options.day(as_of)
    require_room(out)
    with shown_progress() as progress:
        result = answer_moa(
            question,
            library=library,
            draws=draws,
            seed=seed,
            workers=workers,
            as_of=as_of,
            only=only,
            progress=progress,
            with_values=with_values,
        )
    answer: Answer = result.answer
    if only and not answer.outcomes:
        raise ClaimError(Issue(f"no statement {', '.join(only)}", expected="the id of a statement, for example MOA-04"))
    folder = _written(verb, result, out)
    _print_answer(result, as_json)
    show = say if as_json else print
    if as_of != "today":
        show(f"Evidence as of {as_of}; numbers of the model may rest on later sources.")
    if result.map is None and only is None and question in ("moa", "all"):
        show("No map was drawn: the library has no map.yaml.")
    show(f"Again: {answer.replay}")
    show(f"Page: {folder / 'report.html'}")
    _raise_failed(answer)


def _written(verb: str, result: MoaResult, out: Path) -> Path:
    """Write the run folder and return it."""
    from serdsim.results.run_folder import write_run

    record = {"verb": verb} | dict(result.record)
    pages: dict[str, bytes | str] = {"parameters.html": result.parameters, **result.more}
    if result.map is not None:
        pages["map.html"] = result.map
    kept = {"tables": result.tables, "figures": result.figures, "page": result.page, "extra_files": pages}
    return write_run(out, result.answer.run, record, **kept, to_png=_to_png)  # type: ignore[arg-type]


def _print_answer(result: MoaResult, as_json: bool) -> None:
    from serdsim.cli.own_screen import print_own
    from serdsim.cli.screen import print_parts, print_words, say
    from serdsim.report.class_view import class_line

    answer = result.answer
    class_prior = class_line(result.class_prior) if any(outcome.state == "tested" for outcome in answer.outcomes) else ""
    if as_json:
        if class_prior:
            say(class_prior)
        print_document(answer.run, [statement_item(outcome, answer.run) for outcome in answer.outcomes])
        return
    if class_prior:
        print_words(class_prior)
        print()
    print_parts(result.parts)
    if answer.own is not None:
        print_own(answer.own)


def _to_png(svg: str) -> bytes:
    from serdsim.report.png import svg_to_png

    return svg_to_png(svg, 1400)


def _raise_failed(answer: Answer) -> None:
    failed = [f"{outcome.statement.id}: {outcome.failed} of {outcome.draws}" for outcome in answer.outcomes if outcome.failed]
    if failed:
        raise IndividualsFailed(f"some draws failed and are left out of the verdicts ({', '.join(failed)})")
