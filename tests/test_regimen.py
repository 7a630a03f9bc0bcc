"""The dosing sentence: what it says is what is read, and what cannot be read is pointed at."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serdsim.dosing.regimen import MAX_COUNT, Dose, Regimen, format_regimen, parse_regimen
from serdsim.errors import RegimenError

HOURS = st.floats(min_value=1e-6, max_value=1e6)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_()\-]{0,12}|4-OHT|17b-estradiol|q24h|once|from", fullmatch=True)
AMOUNTS = st.floats(min_value=0, max_value=1e300) | st.integers(min_value=0, max_value=10**6).map(float)


@st.composite
def doses(draw: st.DrawFn) -> Dose:
    unit = draw(st.sampled_from(["mg", "g", "µg", "nmol", "mol", "nM", "pM", "umol/L"]))
    concentration = unit in ("nM", "pM", "umol/L")
    route = None if concentration else draw(st.sampled_from([None, "po", "im", "iv", "iv-inf"]))
    count = draw(st.integers(min_value=1, max_value=MAX_COUNT))
    return Dose(
        drug=draw(NAMES),
        amount=draw(AMOUNTS),
        unit=unit,
        route=route,
        duration_h=draw(HOURS) if route == "iv-inf" else None,
        interval_h=draw(HOURS) if count > 1 else None,
        count=count,
        start_h=draw(st.just(0.0) | HOURS),
    )


@settings(deadline=None)
@given(st.lists(doses(), min_size=1, max_size=4))
def test_every_regimen_reads_back_exactly(some: list[Dose]) -> None:
    regimen = Regimen(tuple(some))
    assert parse_regimen(format_regimen(regimen)) == regimen


@settings(deadline=None)
@given(st.text(alphabet=" +-.0123456789eEqhxmgnMpoivfr\t\n", max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        regimen = parse_regimen(text)
    except RegimenError as error:
        assert "^" in str(error)
    else:
        assert parse_regimen(format_regimen(regimen)) == regimen


def test_the_example_of_the_contract() -> None:
    regimen = parse_regimen("imlunestrant 400 mg po q24h x 28 + abemaciclib 150 mg po q12h x 56 from 0 h")
    assert regimen.doses == (
        Dose("imlunestrant", 400.0, "mg", "po", None, 24.0, 28, 0.0),
        Dose("abemaciclib", 150.0, "mg", "po", None, 12.0, 56, 0.0),
    )
    assert regimen.drugs == ("imlunestrant", "abemaciclib")
    assert regimen.doses[0].times_h[-1] == 27 * 24.0


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("imlunestrant 100 nM once", Dose("imlunestrant", 100.0, "nM")),
        ("imlunestrant 100 nM", Dose("imlunestrant", 100.0, "nM")),
        ("imlunestrant 400mg po", Dose("imlunestrant", 400.0, "mg", "po")),
        ("drug 1 mg iv-inf 30 min", Dose("drug", 1.0, "mg", "iv-inf", duration_h=0.5)),
        ("drug 1 mg iv-inf 90min q1.5h x3", Dose("drug", 1.0, "mg", "iv-inf", 1.5, 1.5, 3)),
        ("drug 1e-3 g im from 2 d", Dose("drug", 1e-3, "g", "im", start_h=48.0)),
        ("drug 1e+3 mg po q24h × 2 from 1 week", Dose("drug", 1000.0, "mg", "po", None, 24.0, 2, 168.0)),
        ("drug 1 mg po q24h x 1", Dose("drug", 1.0, "mg", "po")),
        ("4-OHT 0 nM", Dose("4-OHT", 0.0, "nM")),
        ("  drug\t1 \n mg  ", Dose("drug", 1.0, "mg")),
    ],
)
def test_what_a_sentence_says(text: str, dose: Dose) -> None:
    assert parse_regimen(text).doses == (dose,)


def test_plus_needs_no_spaces_and_joins_regimens() -> None:
    joined = parse_regimen("imlunestrant 1 nM+estradiol 15 pM")
    assert joined == parse_regimen("imlunestrant 1 nM") + parse_regimen("estradiol 15 pM")
    assert joined + Regimen() == joined
    assert (len(joined), [dose.kind for dose in joined]) == (2, ["concentration", "concentration"])
    assert str(joined) == "imlunestrant 1 nM once + estradiol 15 pM once"


@pytest.mark.parametrize(
    ("text", "under", "words"),
    [
        ("", "", "the regimen is empty"),
        ("   ", "", "the regimen is empty"),
        ("400 mg po", "400", "a drug is missing"),
        ("a 1 mg + ", "", "a drug is missing"),
        ("a", "", "the dose lacks its number"),
        ("a mg", "mg", "the dose lacks its number"),
        ("a 1", "", "the dose lacks its unit"),
        ("a 1 po", "po", "the dose lacks its unit"),
        ("a 1 q24h x 2", "q24h", "the dose lacks its unit"),
        ("a -1 mg", "-1", "is negative"),
        ("a nan mg", "nan", "not a finite number"),
        ("a 1e999 mg", "1e999", "too large"),
        ("a 1,5 mg", "1,5", 'Perhaps you mean "1.5"'),
        ("a 1 mgg", "mgg", 'Perhaps you mean "mg"'),
        ("a 1 MG", "MG", 'Perhaps you mean "mg"'),
        ("a 1 nm", "nm", 'Perhaps you mean "nM"'),
        ("a 1 mcg", "mcg", 'Perhaps you mean "ug"'),
        ("a 1 mL", "mL", '"mL" is not the unit of a dose'),
        ("a 1 ng/mL", "ng/mL", "not the unit of a dose"),
        ("a 1 h", "h", "not the unit of a dose"),
        ("a 1 mg oral", "oral", 'Perhaps you mean "po"'),
        ("a 1 mg bid", "bid", 'Perhaps you mean "q12h x COUNT"'),
        ("a 1 mg iv-if 1 h", "iv-if", 'Perhaps you mean "iv-inf"'),
        ("a 1 mg iv-inf", "", "the length of the infusion lacks its number"),
        ("a 1 mg iv-inf 0 h", "0", "above 0"),
        ("a 1 mg iv-inf 3 hours", "hours", 'Perhaps you mean "h"'),
        ("a 1 mg iv-inf 3 m", "m", 'Perhaps you mean "min"'),
        ("a 1 nM po", "po", "a concentration has no route"),
        ("a 1 mg q1d x 4", "q1d", 'Perhaps you mean "q24h"'),
        ("a 1 mg q0h x 4", "q0h", "above 0"),
        ("a 1 mg q24h", "", "the number of doses is missing"),
        ("a 1 mg q24h 4", "4", "the number of doses is missing"),
        ("a 1 mg q24h x", "", "the number of doses is missing"),
        ("a 1 mg q24h x 0", "0", "the number of doses is 0"),
        ("a 1 mg q24h x -2", "-2", "not a whole number"),
        ("a 1 mg q24h x 2.5", "2.5", "not a whole number"),
        ("a 1 mg q24h x many", "many", "not a whole number"),
        ("a 1 mg q24h x 100001", "100001", "larger than a regimen may hold"),
        ("a 1 mg q24h x " + "9" * 5000, "9" * 86, "larger than a regimen may hold"),
        ("a 1 mg from -1 h", "-1", "of at least 0"),
        ("a 1 mg from 2", "", "lacks its unit"),
        ("a 1 mg from 2 mg", "mg", "no unit of time"),
        ("a 1 mg from 3 h q24h x 3", "q24h", "unexpected"),
        ("a 1 mg once please", "please", 'unexpected "please"'),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, under: str, words: str) -> None:
    with pytest.raises(RegimenError) as caught:
        parse_regimen(text)
    message = str(caught.value)
    assert words in message
    shown, carets = message.splitlines()[1:3]
    assert carets.strip() == "^" * max(1, len(under)), message
    assert shown[carets.index("^") :].startswith(under)


def test_drugs_are_known_in_any_case_and_misspellings_are_guessed() -> None:
    known = ("imlunestrant", "abemaciclib")
    assert parse_regimen("Imlunestrant 400 mg", known).doses[0].drug == "imlunestrant"
    with pytest.raises(RegimenError, match=r'unknown drug "imlunestant"(.|\n)*Perhaps you mean "imlunestrant"'):
        parse_regimen("imlunestant 400 mg", known)
    with pytest.raises(RegimenError, match=r'Perhaps you mean "\+ abemaciclib"'):
        parse_regimen("imlunestrant 400 mg po abemaciclib 150 mg", known)


def test_long_and_odd_text_is_shown_short_and_printable() -> None:
    with pytest.raises(RegimenError) as caught:
        parse_regimen("a 1 mg + " * 500 + "b 1 \x1b[31mzz" + "\x07" * 400)
    assert "\x1b" not in str(caught.value)
    assert max(map(len, str(caught.value).splitlines())) < 320


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": -1.0},
        {"amount": math.nan},
        {"amount": math.inf},
        {"drug": "two words"},
        {"drug": "4"},
        {"drug": ""},
        {"unit": "mL"},
        {"unit": "mol / L"},
        {"unit": "bananas"},
        {"route": "oral"},
        {"route": "iv-inf"},
        {"duration_h": 1.0},
        {"count": 0},
        {"count": 2},
        {"count": 2, "interval_h": 0.0},
        {"count": 2, "interval_h": math.nan},
        {"count": 2.0, "interval_h": 1.0},
        {"count": MAX_COUNT + 1, "interval_h": 1.0},
        {"interval_h": 24.0},
        {"start_h": -1.0},
        {"start_h": math.nan},
        {"unit": "nM", "route": "po"},
    ],
)
def test_an_impossible_dose_cannot_be_built(wrong: dict[str, object]) -> None:
    with pytest.raises(RegimenError):
        Dose(**({"drug": "a", "amount": 1.0, "unit": "mg"} | wrong))  # type: ignore[arg-type]
