"""``serdsim design --claim ID``: which measurement would decide a statement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document


def design(
    *,
    claim: Annotated[str, typer.Option("--claim", metavar="ID", help="A statement, for example MOA-06a.")],
    draws: options.Draws = 64,
    seed: options.Seed = 1,
    workers: options.Workers = None,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
    library: options.Library = None,
) -> None:
    """Say which one measurement would decide a statement.

    Numbers that go with the outcome are held at values over their priors; table, figures and a page go to a run folder.
    """
    from serdsim.cli.progress import shown_progress
    from serdsim.cli.screen import print_table, print_words, say
    from serdsim.evidence.design import design_claim
    from serdsim.report.design_page import design_figures, design_page
    from serdsim.report.numbers import significant
    from serdsim.report.png import svg_to_png
    from serdsim.results.run_folder import require_room, write_run

    require_room(out)
    with shown_progress() as progress:
        found = design_claim(claim, library=library, draws=draws, seed=seed, workers=workers, progress=progress)
    figures, page = design_figures(found), design_page(found)
    folder = write_run(
        out, found.run, found.record, tables=found.tables, figures=figures, page=page, to_png=lambda svg: svg_to_png(svg, 1400)
    )
    what = found.deciding
    if as_json:
        best = what.best
        item = {"id": claim, "what_would_decide": what.sentence, "row": best.row if best else None, "control": what.control or None}
        print_document(found.run, [item])
    else:
        print_words(f"{claim}, what would decide it: {what.sentence}.")
        for row in what.rows:
            print()
            print_words(f"{row.row}: {row.words}")
            shown = [(significant(point.value, 3), f"{what.share(point):.2f}", f"{point.p_pass:.2f}") for point in row.points]
            deciding = "control holds" if what.control else "passes"
            print_table((f"Held at [{row.unit}]", f"P({deciding})", "P(pass)"), shown, right=(0, 1, 2))
        print()
    show = say if as_json else print
    show(f"Again: {found.record['replay']}")
    show(f"Page: {folder / 'report.html'}")
