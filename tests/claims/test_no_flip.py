"""Why nothing that is switched off breaks a statement, said from the shares alone."""

from __future__ import annotations

from dataclasses import replace

from serdsim.claims.no_flip import no_flip
from serdsim.claims.records import AblationOutcome


def off(title: str, p_on: float, p_off: float, *, tautological: bool = False) -> AblationOutcome:
    return AblationOutcome(title, title, p_on, p_off, p_on > 0.5 >= p_off, tautological, "", p_on <= 0.5 < p_off)


def test_a_flip_that_is_no_tautology_leaves_nothing_to_be_said() -> None:
    assert no_flip(0.9, [off("A", 0.9, 0.1), off("B", 0.9, 0.2, tautological=True)]) == ""


def test_each_reason_has_its_words() -> None:
    assert no_flip(0.9, []).startswith("its models have none of these parts")
    assert no_flip(0.9, [off("A", 0.9, 0.1, tautological=True), off("B", 0.9, 0.8)]) == "all that breaks it only restates it: A"
    assert "carries it: it passes in at least 87 % of the draws (with B)" in no_flip(0.9, [off("A", 0.9, 0.95), off("B", 0.9, 0.87)])
    assert no_flip(float("nan"), [off("A", float("nan"), float("nan"))]) == "no draw could be computed to its end"


def test_what_too_few_draws_tell_is_no_flip() -> None:
    crossing = replace(off("A", 0.52, 0.48), flips=False, untold=True)
    assert no_flip(0.52, [crossing, off("B", 0.52, 0.55)]).endswith("in too few draws to tell: A 48 %")


def test_what_holds_a_statement_back_is_named() -> None:
    held = no_flip(0.03, [off("A", 0.03, 0.8), off("B", 0.03, 0.2)])
    assert held.startswith("it passes in 3 % of the draws") and held.endswith("A 80 % of the draws pass") and "B" not in held
    nothing = no_flip(0.5, [off("A", 0.5, 0.5), off("B", 0.5, 0.2)])
    assert "nothing is left to break" in nothing and nothing.endswith("(most: A, 50 %)")
