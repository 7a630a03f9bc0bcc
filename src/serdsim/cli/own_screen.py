"""What own values changed, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serdsim.cli.screen import print_table, print_words

if TYPE_CHECKING:
    from serdsim.claims.own_records import OwnAnswer, OwnChange


def print_own(own: OwnAnswer) -> None:
    """Print what own values replaced, and each verdict that reads them before and after."""
    from serdsim.report.numbers import with_interval

    print_words(f"Not the shipped answer: own values of {own.file}.")
    rows = []
    for row in own.rows:
        old, new = (
            with_interval(row.before, row.before_lo90, row.before_hi90, row.unit),
            with_interval(row.after, row.after_lo90, row.after_hi90, row.unit),
        )
        rows.append((row.name, f"{old}\n{row.before_grade}", f"{new}\n{row.after_grade}{'; ' + row.note if row.note else ''}"))
    print_table(("Number", "In the library (90 %)", "Own value (90 %)"), rows)
    print()
    changes = [
        (change.statement, _before_after(change), ", ".join(change.rows) + (f"\n{'; '.join(change.reasons)}" if change.changed else ""))
        for change in own.changes
    ]
    if changes:
        print_table(("Statement", "Verdict and P(pass), without -> with", "Reads; why"), changes)
    print_words(own.finding)
    print()


def _before_after(change: OwnChange) -> str:
    words = f"{change.before} -> {change.after}" if change.changed else f"{change.after}, as before"
    roles = f"\n{change.role_before} -> {change.role_after}" if change.role_before != change.role_after else ""
    return f"{words}\n{change.p_before:.2f} -> {change.p_after:.2f}{roles}"
