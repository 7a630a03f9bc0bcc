"""The same conclusion by other definitions, on the page. Every value here is test data; none is a result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from report_cases import Words, an_answer, page
from serdsim.claims.definitions import survival_words
from serdsim.claims.records import Answer, PartOutcome
from serdsim.report.definitions_view import held, held_sign, robustness, share


def by(name: str, p: float) -> PartOutcome:
    return PartOutcome(name, f"by {name}", -12.3, -34.5, 6.7, "%", "below 0", p)


def measured(*shares: tuple[PartOutcome, ...]) -> Answer:
    answer = an_answer()
    outcomes = [replace(o, definitions=d, survives=survival_words(d)) for o, d in zip(answer.outcomes, shares, strict=False)]
    return replace(answer, outcomes=(*outcomes, *answer.outcomes[len(shares) :]))


@pytest.mark.parametrize(
    ("p", "says", "sign"),
    [
        (0.95, "holds", "supported"),
        (0.9, "holds", "supported"),
        (0.89, "open", "inconclusive"),
        (0.11, "open", "inconclusive"),
        (0.1, "does not hold", "notsupported"),
        (0.0, "does not hold", "notsupported"),
    ],
)
def test_a_definition_is_signed_by_its_share_of_draws(p: float, says: str, sign: str) -> None:
    assert (held(by("a", p)), held_sign(by("a", p))) == (says, sign)
    text = Words(page(measured((by("a", p), by("b", 1.0))))).text
    assert f"by a -12 (-34 to 7) % below 0 {p:.2f} {says}".replace("-", "\u2212") in text.replace("<0.01", "0.00")


def test_the_strip_holds_every_definition_and_the_sentence_and_a_statement_without_has_none() -> None:
    parts = (by("volume", 0.97), by("calls", 0.4))
    seen = Words(page(measured(parts)))
    assert survival_words(parts) in seen.text
    assert "The same conclusion by other definitions" not in Words(page()).text


def test_statements_stand_side_by_side_by_definition_with_blanks_where_one_is_not_used() -> None:
    first, second = (by("volume", 0.97), by("calls", 0.4)), (by("calls", 0.95), by("areas", 0.99))
    found = robustness(measured(first, second).outcomes)
    assert found is not None and [len(matrix.outcomes) for matrix in found.matrices] == [2]
    shares = {name: [None if part is None else part.p_pass for part in cells] for name, cells in found.matrices[0].rows}
    assert shares == {"by volume": [0.97, None], "by calls": [0.4, 0.95], "by areas": [None, 0.99]}
    assert (
        found.finding
        == "2 statements are measured by several definitions: every definition holds in 1 of them, and all definitions say the same in 1."
    )
    text = Words(page(measured(first, second))).text
    assert found.finding in text and text.count("not used") == 2


def test_statements_that_share_no_definition_stand_in_tables_of_their_own() -> None:
    first, second = (by("volume", 0.5), by("calls", 0.4)), (by("areas", 0.05), by("rates", 0.0))
    found = robustness(measured(first, second).outcomes)
    assert found is not None and [len(matrix.rows) for matrix in found.matrices] == [2, 2]
    assert "every definition holds in none of them, and all definitions say the same in 2." in found.finding


def test_many_definitions_are_folded_and_counted() -> None:
    many = tuple(by(f"way {i}", 0.1 * i) for i in range(11))
    text = Words(page(measured(many))).text
    assert "The same conclusion holds by 2 of 11 other definitions" in text and survival_words(many) in text
    assert "other definitions" not in Words(page(measured(many[:6]))).text.replace("by other definitions; they", "")


def test_one_definition_or_none_makes_no_matrix() -> None:
    assert robustness(measured((by("volume", 0.97),)).outcomes) is None
    assert "Would another definition say the same?" not in Words(page(measured((by("volume", 0.97),)))).text


def test_the_bar_of_a_share_ends_where_the_share_is() -> None:
    assert 'cx="4"' in share(0.0) and 'cx="96"' in share(1.0) and 'cx="50"' in share(0.5)
    assert share(float("nan")) == ""
