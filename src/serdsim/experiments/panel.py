"""What a figure shows, as data: simulated bands, observed and reference marks. Drawing is the report's."""

from __future__ import annotations

from dataclasses import dataclass

UNSAID = "not said"  # the unit of an axis for which a file gives none: not the same as having none


@dataclass(frozen=True)
class Axis:
    """One axis: quantity, unit and scale."""

    label: str
    unit: str
    log: bool = False


@dataclass(frozen=True)
class Band:
    """A simulated curve: median and central 90 % over parameter draws, at the points `x`.

    `ink` is `drug`, `signal` (oestrogen) or `rest` (neither); `control` marks a curve that the statement needs
    as a control (drawn open and grey). All tuples have the length of `x`.
    """

    label: str
    x: tuple[float, ...]
    median: tuple[float, ...]
    lo90: tuple[float, ...]
    hi90: tuple[float, ...]
    ink: str = "drug"
    control: bool = False
    dash: bool = False


@dataclass(frozen=True)
class Mark:
    """An observed or reference point; `lo` and `hi` bound the interval that `interval` names.

    `source` is a key of references.bib and `row` the id in the evidence table; `n` is None where not reported.
    """

    label: str
    x: float
    y: float | None
    lo: float | None
    hi: float | None
    interval: str
    n: int | None
    source: str
    row: str
    role: str
    kind: str = "observed"


@dataclass(frozen=True)
class Level:
    """A height of the y axis that has a name, drawn as a hairline across the plot."""

    value: float
    label: str


@dataclass(frozen=True)
class Cell:
    """One condition of a grid: the share `p` of draws whose ratio lies inside the margin, and the ratio's central 90 %.

    `p` is NaN where no draw ended well; median and ends are infinite where half, or a twentieth, of the draws have no ratio.
    """

    p: float
    median: float
    lo90: float
    hi90: float


@dataclass(frozen=True)
class Grid:
    """Cells over two conditions, `cells[row][column]`, for the axes of the panel that holds it.

    `what` names the ratio, `lower` and `upper` are the margin, and `level` is the share from which a cell is framed.
    `assay` is the column's and the row's value of the condition that the experiment itself uses.
    """

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cells: tuple[tuple[Cell, ...], ...]
    what: str
    lower: float
    upper: float
    level: float
    assay: tuple[float, float] | None = None
    assay_label: str = ""


@dataclass(frozen=True)
class Usual:
    """What patients reach of a drug: nominal concentrations with the same free drug, from lowest to highest of a dosing interval.

    `low` and `high` bound the central 90 % of the draws, `mean` is the median of the mean over the interval [unit of the axis].
    """

    drug: str
    regimen: str
    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class Surface:
    """Two drugs together, `cells[row][column]`: rows for the partner, columns for the drug, the first of each without it.

    Where both are there a cell is how far the effect lies above the null model, its `p` the share of draws above it; in the first row
    and column it is the effect of one alone, and its `p` NaN. All are shares of 1. `usual` is empty where nobody says what patients reach.
    """

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    cells: tuple[tuple[Cell, ...], ...]
    model: str
    effect: str
    usual: tuple[Usual, ...] = ()


@dataclass(frozen=True)
class Given:
    """Doses of one drug as they stand under a time axis: what is given, at which points of the axis, and how far apart they are."""

    label: str
    at: tuple[float, ...]
    apart: float = 0.0


@dataclass(frozen=True)
class Bars:
    """A number of each animal of an arm, from the largest to the smallest: of each rank the median and central 90 % over draws."""

    label: str
    median: tuple[float, ...]
    lo90: tuple[float, ...]
    hi90: tuple[float, ...]
    ink: str = "drug"
    control: bool = False


@dataclass(frozen=True)
class Paths:
    """Courses of the animals of an arm in one draw, each at the points `x`, and that of its typical animal."""

    label: str
    x: tuple[float, ...]
    typical: tuple[float, ...]
    animals: tuple[tuple[float, ...], ...]
    ink: str = "drug"
    control: bool = False
    dash: bool = False


@dataclass(frozen=True)
class AtRisk:
    """How many animals of an arm are left: from each of the rising times `x` on as many as `count` says, the median over draws."""

    label: str
    x: tuple[float, ...]
    count: tuple[int, ...]
    ink: str = "drug"
    control: bool = False


@dataclass(frozen=True)
class Panel:
    """One figure with its conditions and words: curves and marks, a grid of cells, a surface of two drugs, or the animals of arms.

    `y_range` are values that the y axis holds in any case, and `levels` its named heights. A figure of `animals`, called as `whom` says,
    has `bars` or `paths`, of which what lies above `cut` is not shown, or with `at_risk` curves that step; `given`
    are doses under the axis.
    """

    id: str
    title: str
    x: Axis
    y: Axis
    bands: tuple[Band, ...]
    marks: tuple[Mark, ...] = ()
    caption: str = ""
    description: str = ""
    draws: int = 0
    pass_above: float | None = None
    pass_below: float | None = None
    y_range: tuple[float, ...] = ()
    levels: tuple[Level, ...] = ()
    grid: Grid | None = None
    surface: Surface | None = None
    animals: int = 0
    whom: str = "animals"
    bars: tuple[Bars, ...] = ()
    paths: tuple[Paths, ...] = ()
    at_risk: tuple[AtRisk, ...] = ()
    cut: float | None = None
    given: tuple[Given, ...] = ()
