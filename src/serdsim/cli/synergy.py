"""``serdsim synergy FILE``: a measured matrix of two drugs against four null models."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serdsim.cli import options
from serdsim.cli.json_out import print_document

if TYPE_CHECKING:
    from serdsim.analysis.combination import Against

_FILE = "CSV file, a row for each well: conc1_nM, conc2_nM (or uM, mM, M), one effect such as inhibition_percent or cell_count."
_PIXELS = 1520


def synergy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_FILE)],
    *,
    draws: Annotated[int, typer.Option("--draws", min=20, help="Draws of the replicates, with replacement in each cell.")] = 200,
    seed: options.Seed = 1,
    as_json: options.Json = False,
    out: options.Out = Path("runs"),
) -> None:
    """Compare a measured matrix of two drugs with highest single agent, Bliss, Loewe and ZIP.

    Synergy is said only where the central 90 % of the mean over all cells with both drugs lies above Loewe and at least one of Bliss
    and ZIP. What a column means is read from its name and never guessed.
    """
    from serdsim.report.measured_answer import answer_matrix
    from serdsim.report.png import svg_to_png
    from serdsim.results.run_folder import require_room, write_run

    require_room(out)
    answer = answer_matrix(file, draws=draws, seed=seed)
    folder = write_run(
        out, answer.run, answer.record, tables=answer.tables, figures=answer.figures, to_png=partial(svg_to_png, width=_PIXELS)
    )
    if as_json:
        from serdsim.report.combination_answer import null_item

        print_document(answer.run, [null_item(one) | {"verdict": answer.agreement.verdict} for one in answer.against])
        return
    from serdsim.cli.screen import print_table, print_words
    from serdsim.report.combination_answer import strip

    print_words(f"{' with '.join(answer.measured.names)}, {answer.measured.effect.replace('_', ' ')}; mean over all cells with both.")
    heads = ("Null model", "Expects", "Points above (90 %)", "Most", "At [nM]")
    print_table(heads, [_row(one, answer.largest[one.model]) for one in answer.against], right=(1, 2, 3, 4))
    print()
    print_words(strip(answer.agreement) if answer.measured.replicates > 1 else "Without replicates nothing is said of synergy.")
    for words in answer.measured.warnings:
        print_words(f"Note: {words}.")
    print(f"Run: {folder}")


def _row(one: Against, largest: tuple[float, float, float]) -> tuple[str, ...]:
    from serdsim.report import numbers
    from serdsim.report.surface_words import points

    ends = "" if math.isnan(one.lo90) else f" ({points(one.lo90)} to {points(one.hi90)})"
    at = f"{numbers.plain(largest[1])} and {numbers.plain(largest[2])}"
    return one.title, f"{100 * one.expected:.0f} %", f"{points(one.above)}{ends}", points(largest[0]), at
