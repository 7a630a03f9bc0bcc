"""Hypotheses side by side: what the data can tell apart is said from the shares of draws, either way."""

import pytest

from serdsim.claims.hypotheses import separation
from serdsim.claims.records import PartOutcome

EACH = "each reach the bound in more than one draw in ten: the data, a direction, cannot tell them apart."
ONE = "reaches the bound in more than one draw in ten, with the numbers that are assumed here."


def part(title: str, p: float) -> PartOutcome:
    return PartOutcome(title, title, 1.0, 0.0, 2.0, "h", "at least 1 h", p)


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0.5, 0.9, 0.2), f"A, b and c {EACH}"),
        ((0.5, 0.1, 0.2), f"A and c {EACH} B does not reach it, whatever else is drawn."),
        ((0.5, 0.1, 0.0), f"Only a {ONE} B and c do not reach it, whatever else is drawn."),
        ((0.0, 0.1, float("nan")), "A, b and c do not reach it, whatever else is drawn."),
    ],
)  # fmt: skip
def test_the_words_follow_the_shares(shares: tuple[float, ...], words: str) -> None:
    assert separation([part(title, p) for title, p in zip("abc", shares, strict=True)]) == words


def test_one_hypothesis_alone_is_not_compared() -> None:
    assert separation([part("a", 0.5)]) == ""
