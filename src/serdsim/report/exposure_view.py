"""What the page says of exposures: how many are reproduced, what that is worth, which drugs were not read, and every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serdsim.analysis.exposure import Compared, ExposureSection
from serdsim.report.exposure_figure import RECALLED, Block, draw_exposures
from serdsim.report.numbers import plain, show_unit, significant

_HOSTS = {"pk_human": "patients", "pk_mouse": "mice"}


@dataclass(frozen=True)
class ExposureRow:
    """A row of the table."""

    title: str
    regimen: str
    published: str
    simulated: str
    ratio: str
    allowed: str
    reason: str
    within: bool
    grade: str
    sources: tuple[int, ...]
    locator: str
    note: str


@dataclass(frozen=True)
class ExposureGroup:
    """The rows of one drug in one host."""

    title: str
    rows: tuple[ExposureRow, ...]


@dataclass(frozen=True)
class ExposureView:
    """The section: sentences, both drawings, tables."""

    finding: str
    caution: str
    unread: str
    groups: tuple[ExposureGroup, ...]
    wide: Markup
    narrow: Markup


def exposure_view(section: ExposureSection, numbers: Mapping[str, int]) -> ExposureView:
    """Return the section as the page shows it; `numbers` are those of the references."""
    blocks = tuple(Block(title, rows) for title, rows in _grouped(section.compared).items())
    drawings = (draw_exposures(blocks), draw_exposures(blocks, narrow=True))
    wide, narrow = (Markup(drawing.replace("<svg ", '<svg class="plot" ', 1)) for drawing in drawings)
    groups = tuple(ExposureGroup(block.title, tuple(_row(one, numbers) for one in block.rows)) for block in blocks)
    return ExposureView(_finding(section.compared), _caution(section.compared), _unread(section), groups, wide, narrow)


def _grouped(compared: Sequence[Compared]) -> dict[str, tuple[Compared, ...]]:
    """Return the exposures by drug and host, in the order of the table."""
    names = dict.fromkeys((one.exposure.drug, one.exposure.seen.arm.model) for one in compared)
    return {
        f"{drug} in {_HOSTS.get(model, model)}": tuple(
            one for one in compared if (one.exposure.drug, one.exposure.seen.arm.model) == (drug, model)
        )
        for drug, model in names
    }


def _finding(compared: Sequence[Compared]) -> str:
    inside, drugs = sum(one.within for one in compared), len({one.exposure.drug for one in compared})
    outside = [f"{one.exposure.title} of {one.exposure.drug} ({plain(round(one.ratio, 2))})" for one in compared if not one.within]
    missed = f" Outside: {'; '.join(outside)}." if outside else ""
    return (
        "The models of patient and mouse turn doses into concentrations in plasma. "
        f"{inside} of {len(compared)} published exposures of {drugs} drugs are met within the error that their row states.{missed}"
    )


def _caution(compared: Sequence[Compared]) -> str:
    recalled = sum(one.exposure.grade in RECALLED for one in compared)
    wide = [one for one in compared if one.exposure.error >= 1.0]
    late = sum("after a first comparison" in one.exposure.note for one in compared)
    said = f" {len(wide)} rows allow a factor of two or more, for reasons that they give." if wide else ""
    said += f" The stated error or window of {late} was set after a first comparison had been seen; their notes say so." if late else ""
    return (
        "This is a check, not a prediction: most numbers of the models come from these exposures or from the analyses behind them. "
        f"{recalled} of the {len(compared)} are from memory; they are drawn open.{said}"
    )


def _unread(section: ExposureSection) -> str:
    scaled = ", ".join(section.scaled)
    read = ", ".join(section.read_in_mice) or "no drug"
    words = (
        f"In mice clearance and volume were read of {read} only; {scaled} are scaled from patients by body weight, with wide priors."
        if scaled
        else ""
    )
    missing = f" No pharmacokinetics were read of {', '.join(section.unread)}: they cannot be given to a host." if section.unread else ""
    return (words if scaled else "") + missing


def _row(one: Compared, numbers: Mapping[str, int]) -> ExposureRow:
    e = one.exposure
    unit = f"\u00a0{show_unit(e.unit)}" if show_unit(e.unit) else ""
    conditions = "; ".join(f"{name}={value:g}" for name, value in e.seen.arm.conditions)
    return ExposureRow(
        title=e.title,
        regimen=f"{e.seen.arm.regimen}{f' ({conditions})' if conditions else ''}, {plain(e.seen.start)} to {plain(e.seen.end)} h",
        published=f"{plain(e.value)}{unit}",
        simulated=f"{significant(one.simulated, 3)}{unit}",
        ratio=f"{one.ratio:.2f}",
        allowed=f"{1.0 / (1.0 + e.error):.2f} to {1.0 + e.error:.2f}",
        reason=e.reason,
        within=one.within,
        grade=e.grade,
        sources=tuple(sorted(numbers[key] for key in e.source if key in numbers)),
        locator=e.locator,
        note=e.note,
    )
