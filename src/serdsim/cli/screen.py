"""Tables and words on a terminal, from 80 columns on; nothing here reads brackets as markup."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from serdsim.claims.records import VERDICTS, Answer, Outcome
from serdsim.claims.review import badges

if TYPE_CHECKING:
    from rich.console import JustifyMethod

NOT_YET = "not yet tested"
NARROW = 72  # columns below which three columns cannot be read
SYMBOLS = dict(zip((*VERDICTS, NOT_YET), "●◐○◇◆◌·", strict=True))
_SIGNS = {"\u2212": "-", "\u202f": " ", "\u00a0": " ", "×": "x", "≥": ">=", "≤": "<=", "±": "+/-", "–": "-", "³": "^3", "·": "*"}
_PLAIN = str.maketrans(_SIGNS | dict.fromkeys(SYMBOLS.values(), "*"))


class Screen(Console):
    """Stdout as rich sees it: no markup, no colours of its own, and a closed pipe is for `main` to handle."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Let the error through; rich would end the process."""
        raise BrokenPipeError


def _fitting(text: str) -> Text:
    """Return `text` in signs that stdout can write; a lost minus sign would change a number."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(_PLAIN)
    return Text(text)


def say(words: str) -> None:
    """Print words for the user on stderr, where they never mix with results."""
    print(words, file=sys.stderr)


def print_words(words: str) -> None:
    """Print a sentence on stdout, as wide as the terminal."""
    Screen().print(_fitting(words))


def verdict_words(outcome: Outcome) -> str:
    """Return the verdict, or in its place why there is none."""
    if outcome.state == "tested" and outcome.verdict:
        return outcome.verdict
    return "not testable on public data" if outcome.state == "not_testable" else NOT_YET


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] = (), right: Sequence[int] = ()) -> None:
    """Print rows under headings, as wide as the terminal.

    Parameters
    ----------
    headings : sequence of str
        One per column.
    rows : sequence of sequence of str
        Cells; a cell may hold several lines.
    widths : sequence of int
        For columns that must not be wrapped, their least width; 0 for the others.
    right : sequence of int
        Numbers of the columns that are set flush right.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for number, heading in enumerate(headings):
        width = widths[number] if number < len(widths) else 0
        side: JustifyMethod = "right" if number in right else "left"
        table.add_column(Text(heading), justify=side, overflow="fold", min_width=width or None, no_wrap=width > 0)
    for row in rows:
        table.add_row(*(_fitting(cell) for cell in row))
    Screen().print(table)


def print_parts(parts: Sequence[tuple[str, Answer]]) -> None:
    """Print the answer to each question, under its title where there are several."""
    for title, answer in parts:
        if len(parts) > 1:
            print_words(title)
            print()
        print_answer(answer)
        print()


def print_answer(answer: Answer) -> None:
    """Print the statements with verdict, data role, value with interval and test, then how many have which verdict."""
    from serdsim.report.view import review_line

    waiting = [outcome for outcome in answer.outcomes if outcome.state == "not_yet_tested"]
    rows = [row for outcome in answer.outcomes if outcome not in waiting for row in (_statement_row(outcome, answer.as_of), ("", "", ""))]
    headings = ("Statement", "Verdict and data role", "Value (90 % interval), test, why")
    if rows and Screen().width < NARROW:
        for row in rows[::2]:
            Screen().print(*(_fitting(cell) for cell in row), "", sep="\n")
    elif rows:
        print_table(headings, rows[:-1], widths=(0, 2 + max(map(len, VERDICTS)), 0))
        print()
    if waiting:
        names = "; ".join(f"{outcome.statement.id} {outcome.statement.title}" for outcome in waiting)
        Screen().print(_fitting(f"{SYMBOLS[NOT_YET]} {NOT_YET}: {names}"))
        print()
    found = [verdict_words(outcome) for outcome in answer.outcomes]
    counts = [f"{SYMBOLS[words]} {words} {found.count(words)}" for words in SYMBOLS]
    Screen().print(_fitting("  ".join(counts)))
    Screen().print(_fitting(review_line(answer)))


def _statement_row(outcome: Outcome, day: str) -> tuple[str, str, str]:
    from serdsim.report.numbers import with_interval

    statement, words = outcome.statement, verdict_words(outcome)
    head = "\n".join([statement.id, statement.title, *badges(statement, day)])
    if outcome.state != "tested":
        return head, f"{SYMBOLS[words]} {words}", statement.why or "; ".join(outcome.reasons)
    value = with_interval(outcome.value, outcome.lo90, outcome.hi90, statement.unit)
    said = f"\n{outcome.survives}" if outcome.survives else ""
    why = f"\nWhy: {'; '.join(outcome.reasons)}" if outcome.reasons else ""
    why += f"\nWhat would decide it: {outcome.deciding.told_of(statement.id)}" if outcome.deciding else ""
    return head, f"{SYMBOLS.get(words, ' ')} {words}\n  {outcome.data_role or ''}".rstrip(), f"{value}\n{statement.test}{said}{why}"
