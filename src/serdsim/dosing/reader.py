"""Reads a dosing sentence from left to right and points at the word that does not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import cast

from serdsim.dosing.dose import MAX_COUNT, ROUTES, Dose, Route, kind_of
from serdsim.dosing.sentence import NUMBER, Word, is_name, nearest, refuse, split_words
from serdsim.errors import RegimenError, UnitError
from serdsim.units import parse_unit

_UNITS = ("mg", "mg/kg", "g", "ug", "ng", "kg", "nmol", "umol", "mmol", "pmol", "mol", "nM", "pM", "uM", "mM", "fM", "M")
_TIMES = ("h", "min", "s", "d", "week")
_UNIT_WORDS = {
    "mcg": "ug", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "weeks": "week", "w": "week", "wk": "week",
    "m": "min", "mins": "min", "minute": "min", "minutes": "min", "sec": "s", "seconds": "s",
    "molar": "M", "millimolar": "mM", "micromolar": "uM", "nanomolar": "nM", "picomolar": "pM", "femtomolar": "fM",
    "gram": "g", "milligram": "mg", "microgram": "ug", "nanogram": "ng", "milligrams": "mg", "micrograms": "ug", "nanograms": "ng",
}  # fmt: skip
_CLAUSE_WORDS = {
    "oral": "po", "orally": "po", "intravenous": "iv", "intramuscular": "im", "infusion": "iv-inf", "inf": "iv-inf", "single": "once",
    "daily": "q24h x COUNT", "qd": "q24h x COUNT", "od": "q24h x COUNT", "bid": "q12h x COUNT", "tid": "q8h x COUNT",
    "weekly": "q168h x COUNT", "at": "from", "starting": "from",
}  # fmt: skip
_DAYS = {"d": 24.0, "day": 24.0, "w": 168.0, "week": 168.0}
_INTERVAL = re.compile(rf"q({NUMBER})(.*)")


def read_doses(text: str, known_drugs: Sequence[str]) -> tuple[Dose, ...]:
    """Return the doses that `text` says; `known_drugs` are the names allowed, all when empty.

    Raises
    ------
    RegimenError
        With the text and carets under the word that does not fit.
    """
    reader = _Reader(text, tuple(known_drugs))
    if not reader.word.text:
        raise reader.refuse(reader.word, "the regimen is empty", "at least one dose", "imlunestrant 400 mg po q24h x 28")
    return tuple(reader.doses())


class _Reader:
    """One pass over one sentence; `place` is the number of the next word."""

    def __init__(self, text: str, known: tuple[str, ...]) -> None:
        self.text, self.words, self.known, self.place = text, split_words(text), known, 0

    @property
    def word(self) -> Word:
        return self.words[self.place]

    def take(self) -> Word:
        word = self.word
        self.place += 1 if word.text else 0
        return word

    def refuse(self, word: Word, problem: str, expected: str | None = None, meant: str | None = None) -> RegimenError:
        return refuse(self.text, word, problem, expected, meant)

    def doses(self) -> Iterator[Dose]:
        yield self.dose()
        while self.word.text:
            if self.word.text != "+":
                raise self.unexpected(self.word)
            self.take()
            yield self.dose()

    def unexpected(self, word: Word) -> RegimenError:
        meant = _CLAUSE_WORDS.get(word.text.casefold()) or nearest(word.text, (*ROUTES, "once", "from"))
        if word.text.casefold() in (name.casefold() for name in self.known):
            meant = f"+ {word.text}"
        return self.refuse(word, f'unexpected "{word.text}"', "a route, qNh x COUNT, once, from T (in this order), + or the end", meant)

    def dose(self) -> Dose:
        drug, at = self.drug(), self.word
        amount, unit = self.quantity("dose", _UNITS)
        kind = self.kind(unit)
        if amount < 0:
            raise self.refuse(at, f"the dose of {drug} is negative", "a number that is not negative")
        at = self.word
        route, duration_h = self.route()
        if route and kind == "concentration":
            raise self.refuse(at, f"{unit.text} is a concentration, and a concentration has no route", "a mass or an amount, or no route")
        interval_h, count = self.schedule()
        return Dose(drug, amount, unit.text, route, duration_h, interval_h, count, self.start())

    def drug(self) -> str:
        word = self.take()
        if not is_name(word.text):
            raise self.refuse(word, "a drug is missing", "the name of a drug, then amount and unit")
        match = next((name for name in self.known if name.casefold() == word.text.casefold()), None)
        if self.known and match is None:
            listed = ", ".join(self.known[:8]) + (", ..." if len(self.known) > 8 else "")
            raise self.refuse(word, f'unknown drug "{word.text}"', f"one of {listed}", nearest(word.text, self.known))
        return match or word.text

    def kind(self, unit: Word) -> str:
        try:
            return kind_of(unit.text)
        except RegimenError as error:
            issue = error.issues[0]
            raise self.refuse(unit, issue.problem, issue.expected, _meant(unit.text, _UNITS)) from None

    def quantity(self, what: str, units: Sequence[str]) -> tuple[float, Word]:
        """Read a number and a unit, also when written as one word; return the number and the word of the unit."""
        word = self.take()
        match = re.fullmatch(rf"({NUMBER})(.*)", word.text)
        if not match:
            odd = word.text.lstrip("+-").casefold() in ("nan", "inf", "infinity")
            problem = f"the {what} is not a finite number" if odd else f"the {what} lacks its number"
            raise self.refuse(word, problem, f"a number and a unit such as 8 {units[0]}")
        value = self.finite(match[1], word)
        if match[2].startswith(","):
            raise self.refuse(word, "a comma is no decimal sign", "a decimal point", word.text.replace(",", ".", 1))
        unit = Word(match[2], word.column + len(match[1])) if match[2] else self.word
        if unit.text in ("", "+", "once", "from", "x", *ROUTES) or _INTERVAL.fullmatch(unit.text):
            raise self.refuse(unit, f"the {what} lacks its unit", f"a unit such as {units[0]}")
        if not match[2]:
            self.take()
        return value, unit

    def finite(self, digits: str, word: Word) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise self.refuse(word, f"{digits} is too large for a number", "a finite number")
        return value

    def hours(self, what: str, positive: bool) -> float:
        at = self.word
        value, word = self.quantity(what, _TIMES)
        try:
            unit = parse_unit(word.text)
        except UnitError:
            unit = None
        if unit is None or not unit.same_dimension(parse_unit("h")):
            raise self.refuse(word, f'"{word.text}" is no unit of time', "h, min, s, d or week", _meant(word.text, _TIMES))
        # no conversion where none is needed, so that hours read back exactly
        hours = value if word.text == "h" else value * unit.factor / 3600.0
        if hours < 0 or (positive and hours == 0) or not math.isfinite(hours):
            bound = "above 0" if positive else "of at least 0"
            raise self.refuse(at, f"the {what} is {value:g} {word.text}", f"a finite time {bound}")
        return hours

    def route(self) -> tuple[Route | None, float | None]:
        if self.word.text not in ROUTES:
            return None, None
        route = cast(Route, self.take().text)
        return route, self.hours("length of the infusion", positive=True) if route == "iv-inf" else None

    def schedule(self) -> tuple[float | None, int]:
        if self.word.text == "once":
            self.take()
            return None, 1
        match = _INTERVAL.fullmatch(self.word.text)
        if not match:
            return None, 1
        word = self.take()
        interval_h = self.finite(match[1], word)
        if match[2] != "h":
            meant = f"q{interval_h * _DAYS.get(match[2], 1.0):g}h"
            raise self.refuse(word, f'"{word.text}" is no interval in hours', "hours such as q24h", meant)
        if interval_h <= 0:
            raise self.refuse(word, f"the interval is {interval_h:g} h", "hours above 0")
        count = self.count()
        # one dose has no interval: "q24h x 1" and "once" are the same question and get the same run id
        return (interval_h if count > 1 else None), count

    def count(self) -> int:
        sign, example = self.take(), "for example q24h x 28"
        match = re.fullmatch(r"[xX×](.*)", sign.text)
        if not match:
            raise self.refuse(sign, "the number of doses is missing", f"x and a whole number, {example}")
        word = Word(match[1], sign.column + 1) if match[1] else self.take()
        if word.text in ("", "+", "from", "once"):
            raise self.refuse(word, "the number of doses is missing", f"a whole number, {example}")
        if not re.fullmatch(r"[0-9]+", word.text):
            raise self.refuse(word, f"the number of doses is not a whole number: {word.text}", f"a whole number of at least 1, {example}")
        digits = word.text.lstrip("0")
        if not digits:
            raise self.refuse(word, "the number of doses is 0", f"a whole number of at least 1, {example}")
        if len(digits) > 6 or int(digits) > MAX_COUNT:
            raise self.refuse(word, "the number of doses is larger than a regimen may hold", f"at most {MAX_COUNT}")
        return int(digits)

    def start(self) -> float:
        if self.word.text != "from":
            return 0.0
        self.take()
        return self.hours("time of the first dose", positive=False)


def _meant(unit: str, units: Sequence[str]) -> str | None:
    """Return the unit of `units` that `unit` likely stands for; a known unit of another kind only if the case differs."""
    word = _UNIT_WORDS.get(unit.casefold())
    if word in units:
        return word
    try:
        parse_unit(unit)
    except UnitError:
        return nearest(unit, units)
    return nearest(unit, units, close=False)
