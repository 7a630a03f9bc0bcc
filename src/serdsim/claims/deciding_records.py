"""What one measurement would do for a statement, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.claims.judge import HIGH, LOW

PASSES, FAILS, HOLDS = "passes", "fails", "holds"


@dataclass(frozen=True)
class Held:
    """One value that a row was held at: the share of draws in which the statement passes, and in which its worst control holds."""

    value: float
    p_pass: float
    p_control: float


@dataclass(frozen=True)
class Flip:
    """Values of a row at which the deciding share is beyond its level, open where an end is None.

    `into` is what happens there: the statement `passes` or `fails`, or its control `holds`. `chance` is how probable the prior of the
    row makes such a result, and `p_pass` the share in which the statement passes there. `span` is the chance of values where the draws are
    sure of that, each with 95 %, and of those where it may be so: shares of a few draws cross a level early or late.
    """

    into: str
    lower: float | None
    upper: float | None
    chance: float
    p_pass: float
    span: tuple[float, float] | None = None

    def where(self, unit: str) -> str:
        """The values in words."""
        shown = "" if unit == "dimensionless" else f" {unit}"
        if self.lower is not None and self.upper is not None:
            return f"between {self.lower:.3g} and {self.upper:.3g}{shown}"
        if self.lower is not None:
            return f"at or above {self.lower:.3g}{shown}"
        return f"at or below {self.upper:.3g}{shown}" if self.upper is not None else "wherever its prior lets it be"


@dataclass(frozen=True)
class Decider:
    """A row that was held at values of its prior while all else was drawn as before.

    `words` is the measurement, `lo90`, `median` and `hi90` are the row's prior, `goes_with` the rank correlation of the first look,
    `points` what came of it at rising values, `flips` where the verdict would be another; `shares` says that it lies between 0 and 1.
    """

    row: str
    unit: str
    words: str
    grade: str
    median: float
    lo90: float
    hi90: float
    goes_with: float
    points: tuple[Held, ...]
    flips: tuple[Flip, ...]
    shares: bool = False


@dataclass(frozen=True)
class Deciding:
    """What would decide an inconclusive statement.

    `control` is the control that holds too rarely, empty where the test itself is open; `p_now` is the share that decides. The first of
    `rows` moves it most. `looked_at` rows were compared over `draws`; those of `rows` were held over
    the first `held_draws` of them, and `deep` says whether the crossings were narrowed.
    """

    statement: str
    control: str
    p_now: float
    rows: tuple[Decider, ...]
    looked_at: int
    draws: int
    held_draws: int
    deep: bool

    @property
    def best(self) -> Decider | None:
        """The row that moves the deciding share most."""
        return self.rows[0] if self.rows else None

    def share(self, point: Held) -> float:
        """The share that decides: of the control, or of the test."""
        return point.p_control if self.control else point.p_pass

    @property
    def sentence(self) -> str:
        """The measurement and the value at which the verdict flips; or that no single one does it."""
        best = self.best
        if best is None:
            return "no single number of the model goes with it"
        if not best.flips:
            shares = [self.share(point) for point in best.points]
            if max(shares) == min(shares):
                return f"no single number that goes with it moves the share that decides, {_percent(shares[0])} of the draws"
            moves = f"from {_percent(min(shares))} to {_percent(max(shares))} of the draws over its prior"
            what = f'in which the control "{self.control}" holds' if self.control else "in which it passes"
            return f"no single number decides it. {_first_up(best.words)} moves the share {what} most: {moves}"
        return f"{best.words}: {'; '.join(self._told(flip, best.unit) for flip in best.flips)}"

    def told_of(self, statement: str) -> str:
        """The sentence for a statement that may be derived from the one that was looked at."""
        return self.sentence if statement == self.statement else f"through {self.statement}: {self.sentence}"

    def _told(self, flip: Flip, unit: str) -> str:
        told = (
            "" if flip.span is None else f"; {self.held_draws} draws place it between {_percent(flip.span[0])} and {_percent(flip.span[1])}"
        )
        chance = f" (a chance of {_percent(flip.chance)} by its prior{told})"
        where = f"{flip.where(unit)}{chance}"
        if flip.into == HOLDS:
            stays = "" if flip.p_pass >= HIGH or flip.p_pass <= LOW else ", which leaves it inconclusive"
            return (
                f'{where} the control "{self.control}" holds in {_percent(HIGH)} of the draws or more; '
                f"the statement passes in {_percent(flip.p_pass)} there{stays}"
            )
        return f"{where} it {flip.into} in {_percent(HIGH)} of the draws or more"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
