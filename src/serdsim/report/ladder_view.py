"""What the page says of the exposure-margin ladder: how it is read, what was drawn and assumed, the drawings and every rung."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from serdsim.analysis.ladder import Ladder, Rung, interval
from serdsim.dosing.regimen import format_regimen
from serdsim.report import numbers
from serdsim.report.ladder_figure import draw_ladder, margin_words

_SUBJECT = 0  # the first drug of the file


@dataclass(frozen=True)
class LadderRow:
    """A rung as the table shows it."""

    drug: str
    genotype: str
    host: str
    needed: str
    free: str
    margin: str
    unreached: str


@dataclass(frozen=True)
class LadderView:
    """The section: sentences, both drawings, the table, and the regimens."""

    finding: str
    made: str
    caution: str
    regimens: tuple[str, ...]
    rows: tuple[LadderRow, ...]
    wide: Markup
    narrow: Markup


def ladder_figures(ladder: Ladder) -> dict[str, str]:
    """Return the drawings by the names of their files."""
    return {"ladder": draw_ladder(ladder), "ladder-narrow": draw_ladder(ladder, narrow=True)}


def ladder_view(ladder: Ladder) -> LadderView:
    """Return the section as the page shows it."""
    wide, narrow = (Markup(drawing.replace("<svg ", '<svg class="plot" ', 1)) for drawing in ladder_figures(ladder).values())
    usual = dict.fromkeys(
        (rung.seen.usual.host.title, format_regimen(rung.seen.usual.regimen), rung.seen.usual.assumed) for rung in ladder.rungs
    )
    regimens = tuple(f"{host}: {words}{' (assumed)' if assumed else ''}" for host, words, assumed in usual)
    return LadderView(_finding(ladder), _made(ladder), _caution(ladder), regimens, tuple(map(_row, ladder.rungs)), wide, narrow)


def _finding(ladder: Ladder) -> str:
    first = ladder.rungs[_SUBJECT].seen.usual
    own = [rung for rung in ladder.rungs if rung.seen.usual == first]
    said = ", ".join(f"{rung.genotype} {margin_words(rung)}" for rung in own)
    return (
        f"Free {first.drug} of a {first.host.title}, mean over the last dosing interval, over the free concentration that takes "
        f"transcription down by {100 * (1 - ladder.file.assay.left):g} % in a dish at the oestradiol of the tumour: {said}. "
        "Above 1 free drug is more than is needed; the wide intervals are what affinity and free fraction leave open."
    )


def _made(ladder: Ladder) -> str:
    assay = ladder.file.assay
    levels = {rung.seen.usual.host.title: rung.seen.estradiol for rung in ladder.rungs}
    said = " and ".join(f"{numbers.with_interval(*_ordered(values), 'pM')} in the {host}" for host, values in levels.items())
    return (
        f"{ladder.file.draws} draws, the same for host and dish: the free fraction in plasma, pharmacokinetics, affinities, shifts of "
        f"mutants, and free oestradiol of the tumour ({said}). The dish: {assay.cell_line} cells after {assay.hours:g} h with the drug, "
        "heterozygous where mutant, everything free. Free drug is that of plasma."
    )


def _ordered(values: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = interval(1000.0 * values)
    return middle, low, high


def _caution(ladder: Ladder) -> str:
    most = max(ladder.rungs, key=lambda rung: rung.unreached)
    never = (
        f" In up to {100 * most.unreached:.0f} % of the draws no concentration is enough, since "
        "the gene runs without the receptor, or a receptor that holds the drug is not silent: their margin counts as none."
        if most.unreached
        else ""
    )
    doses = (
        " Doses of mice are assumed, and most of their pharmacokinetics are scaled from patients."
        if any(rung.seen.usual.assumed for rung in ladder.rungs)
        else ""
    )
    return f"No margin is an effect: what follows from transcription in a tumour is another question.{never}{doses}"


def _row(rung: Rung) -> LadderRow:
    usual = rung.seen.usual
    never = f"{100 * rung.unreached:.0f} %" if rung.unreached else ""
    return LadderRow(usual.drug, rung.genotype, usual.host.title, _words(rung.needed), _words(rung.seen.mean), margin_words(rung), never)


def _words(values: np.ndarray) -> str:
    low, middle, high = interval(values)
    return numbers.with_interval(middle, low, high, "nM")
