"""The error tree: one small tree, one message form.

SerdsimError
├── InputError            what the user gave cannot be used; exit status 2
│   ├── ModelError        Antimony, SBML, fragments, units of a model
│   ├── TableError        TSV and CSV tables of the library
│   ├── UnitError         a unit that is unknown or does not fit
│   ├── RegimenError      the dosing sentence
│   ├── ReferenceError_   a citation key or a bibliography entry
│   └── ClaimError        claim and experiment records
├── IndividualsFailed     an ensemble in which some individuals failed; exit status 3
└── Cancelled             stopped by the user; exit status 130

A border check collects `Issue` values and raises one error that holds all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Issue:
    """One thing wrong with an input: where, what, what was expected, how to repair it."""

    problem: str
    file: str | None = None
    line: int | None = None
    id: str | None = None
    expected: str | None = None
    repair: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        problem = self.problem.removesuffix(".") if not self.problem.endswith("..") else self.problem
        head = "  ".join(part for part in (place, f"{self.id}: {problem}" if self.id else problem) if part)
        if self.expected:
            head += f"; expected {self.expected}"
        return head + (f".\n{self.repair}" if self.repair else ".")


class SerdsimError(Exception):
    """Base of everything that this package raises on purpose."""

    exit_status = 1


class InputError(SerdsimError):
    """The input cannot be used; nothing was run and nothing was written."""

    exit_status = 2

    def __init__(self, issues: str | Issue | Sequence[Issue]) -> None:
        if isinstance(issues, str):
            issues = [Issue(issues.rstrip("."))]
        elif isinstance(issues, Issue):
            issues = [issues]
        self.issues: tuple[Issue, ...] = tuple(issues)
        super().__init__("\n".join(f"{type(self).__name__.rstrip('_')}: {issue}" for issue in self.issues))


class ModelError(InputError):
    """A model file, a fragment or the units in it."""


class TableError(InputError):
    """A row or a column of a table."""


class UnitError(InputError):
    """A unit that is unknown or does not fit."""


class RegimenError(InputError):
    """The dosing sentence."""


class ReferenceError_(InputError):
    """A citation key or a bibliography entry."""


class ClaimError(InputError):
    """A claim or an experiment record."""


class IndividualsFailed(SerdsimError):
    """Some individuals ended in a status other than ok."""

    exit_status = 3


class Cancelled(SerdsimError):
    """The user stopped the work; what was finished is kept."""

    exit_status = 130
