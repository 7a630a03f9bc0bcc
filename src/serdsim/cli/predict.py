"""``serdsim predict DRUG+PARTNER``: two drugs together in a dish, predicted from each alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document
from serdsim.errors import IndividualsFailed

if TYPE_CHECKING:
    from serdsim.analysis.combination import Combination

_WHICH = "A drug of the receptor and a partner, such as imlunestrant+abemaciclib."
_PIXELS = 1520


def predict(
    combination: Annotated[str, typer.Argument(metavar="COMBINATION", help=_WHICH)],
    *,
    genotype: Annotated[str, typer.Option("--genotype", help="ESR1 genotype.")] = "WT",
    line: Annotated[str | None, typer.Option("--line", help="Cell line [default: MCF7]")] = None,
    estradiol: Annotated[
        float | None, typer.Option("--estradiol", metavar="NM", help="In the medium [nM; default: 0.1, mutants 0]")
    ] = None,
    draws: options.Draws = 64,
    seed: options.Seed = 1,
    workers: options.Workers = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
) -> None:
    """Predict what two drugs do together in a dish, against four null models.

    Concentrations lie around those with the free drug that patients reach. Synergy is said only where the central 90 % lies above
    Loewe and at least one of Bliss and ZIP. Surfaces and tables go to a run folder.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.report.combination_answer import answer_combination, null_item
    from serdsim.report.png import svg_to_png
    from serdsim.results.run_folder import require_room, write_run

    require_room(out)
    with shown_progress() as progress:
        answer = answer_combination(
            combination,
            genotype=genotype,
            cell_line=line,
            estradiol=estradiol,
            draws=draws,
            seed=seed,
            workers=workers,
            library=library,
            progress=progress,
        )
    run = answer.found.run
    folder = write_run(
        out, run, answer.record, tables=answer.tables, figures=answer.figures, page=answer.page, to_png=partial(svg_to_png, width=_PIXELS)
    )
    if as_json:
        print_document(run, [null_item(one) | {"verdict": answer.found.agreement.verdict} for one in answer.found.against])
    else:
        _print(answer.found, folder)
    if answer.found.failed:
        raise IndividualsFailed(f"{answer.found.failed} of {draws} draws have an individual that failed and are left out")


def _print(found: Combination, folder: Path) -> None:
    from serdsim.cli.screen import print_table, print_words
    from serdsim.report.combination_answer import alone_and_together, null_row, reached_words, strip

    print_words(f"{found.cell_line}, {found.genotype}, {found.estradiol:g} nM oestradiol, {found.hours:g} h.")
    print_table(("At what patients reach", "Effect (90 %)"), alone_and_together(found), right=(1,))
    print()
    print_table(("Null model", "Expects", "Points above (90 %)", "P(above)"), [null_row(one) for one in found.against], right=(1, 2, 3))
    print()
    print_words(strip(found.agreement))
    for one in found.usual:
        print_words(f"Reached: {reached_words(one)}.")
    print(f"Page: {folder / 'report.html'}")
