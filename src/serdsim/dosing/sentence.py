"""The words of a dosing sentence with their places, and errors that point at one of them with carets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from serdsim.errors import Issue, RegimenError

FORM = "drug amount unit [po|im|iv|iv-inf D] [qNh x COUNT | once] [from T], joined by +"
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WORD = re.compile(r"(?:(?<=[\d.][eE])\+(?=\d)|[^\s+])+|\+")
_SHOWN = 100


@dataclass(frozen=True)
class Word:
    """One word of the sentence and the column of its first character; an empty `text` is the end."""

    text: str
    column: int


def split_words(text: str) -> tuple[Word, ...]:
    """Return the words of `text`, where a `+` that is no part of a number is a word; the last word is empty."""
    words = [Word(match.group(), match.start()) for match in _WORD.finditer(text)]
    return (*words, Word("", len(text.rstrip())))


def is_word(text: str) -> bool:
    """Return whether `text` is exactly one word of a sentence, and not the sign that joins doses."""
    return text != "+" and _WORD.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Return whether `text` can stand for a drug: one word that does not read as a number."""
    return is_word(text) and re.match(rf"{NUMBER}(?![\w-])", text) is None


def nearest(word: str, known: Sequence[str], close: bool = True) -> str | None:
    """Return the entry of `known` that differs from `word` in case only or, with `close`, little; None when none does."""
    folded = {name.casefold(): name for name in reversed(known)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    matches = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6) if close else []
    return folded[matches[0]] if matches else None


def refuse(text: str, word: Word, problem: str, expected: str | None = None, meant: str | None = None) -> RegimenError:
    """Return the error that shows `text` with carets under `word`; `meant` is what the user likely meant."""
    advice = f'Perhaps you mean "{meant}"' if meant else f"The form is: {FORM}"
    short = problem if len(problem) <= 2 * _SHOWN else problem[: 2 * _SHOWN] + "..."
    return RegimenError(Issue(_printable(short), expected=expected, repair=f"{_underline(text, word)}\n{advice}"))


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _underline(text: str, word: Word) -> str:
    shown = _printable(text).rstrip()
    first = max(0, word.column - _SHOWN // 2) if len(shown) > _SHOWN else 0
    head, tail = "..." * (first > 0), "..." * (first + _SHOWN < len(shown))
    carets = "^" * max(1, min(len(word.text), first + _SHOWN - word.column))
    return f"    {head}{shown[first : first + _SHOWN]}{tail}\n    {' ' * (len(head) + word.column - first)}{carets}"
