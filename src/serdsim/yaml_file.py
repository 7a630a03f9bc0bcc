"""YAML files of the library: each value knows its file, line and name, so that what is wrong with it can be said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import TypeVar

import yaml

from serdsim.errors import InputError, Issue

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same records, ten times faster where libyaml is there
_DEEPEST = 100
_MOST = 100_000  # values whose line is known; a file that repeats itself by aliases can hold any number
_WELL_FORMED = "name: value on each line, lists and brackets that are closed"

Trail = tuple[str | int, ...]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Source:
    """A file as messages name it, the line of each of its values, and which error it raises."""

    shown: str
    lines: Mapping[Trail, int]
    error: type[InputError]


@dataclass(frozen=True)
class Field:
    """A value of a YAML file with the keys that lead to it and the words that name it; the whole file has neither."""

    value: object
    source: Source
    trail: Trail = ()
    name: str = ""

    @property
    def line(self) -> int | None:
        """The line on which it is written; None for the whole file."""
        return self.source.lines.get(self.trail) if self.trail else None

    def wrong(self, problem: str, expected: str, repair: str) -> InputError:
        """Return the error that says what is wrong with this value."""
        return self.source.error(self.issue(problem, expected, repair))

    def issue(self, problem: str, expected: str, repair: str) -> Issue:
        """Return what is wrong with this value, to be raised together with others."""
        return Issue(problem, self.source.shown, self.line, self.name or None, expected, repair)

    def require(self, *names: str, example: Mapping[str, str] | None = None) -> None:
        """Check that the fields `names` are there; `example` holds for some of them what may be written."""
        lacking = [name for name in names if name not in self._mapping()]
        if lacking:
            problem = f"the {'fields' if lacking[1:] else 'field'} {', '.join(lacking)} {'are' if lacking[1:] else 'is'} missing"
            written = (example or {}).get(lacking[0], "...")
            raise self.wrong(problem, ", ".join(names), f'Add "{lacking[0]}: {written}"')

    def __getitem__(self, name: str) -> Field:
        """Return a field of a mapping; raises for one that is missing."""
        self.require(name)
        return self._under(name, self._mapping()[name])

    def get(self, name: str) -> Field | None:
        """Return a field of a mapping; None for one that is missing or null."""
        return None if self._mapping().get(name) is None else self[name]

    def items(self) -> Iterator[tuple[str, Field]]:
        """Return the names and values of a mapping."""
        for name, value in self._mapping().items():
            yield str(name), self._under(name, value)

    def each(self, least: int = 0) -> tuple[Field, ...]:
        """Return the entries of a list that has at least `least`."""
        if not isinstance(self.value, list):
            raise self.wrong(
                f"this is {said(self.value)}", "a list", "Write [one, another], or each entry on a line of its own after a dash"
            )
        if len(self.value) < least:
            found = str(len(self.value)) if self.value else "no"
            raise self.wrong(f"the list has {found} entries", f"at least {least}", "Add what is missing to the list")
        return tuple(self._under(i, value) for i, value in enumerate(self.value))

    def text(self) -> str:
        """Return a word or a sentence; a number counts as the word that it is written with."""
        if isinstance(self.value, list | dict | bool) or self.value is None:
            raise self.wrong(
                f"this is {said(self.value)}", "a text", "Write words; put them in quotes where YAML reads them as something else"
            )
        return str(self.value)

    def texts(self, least: int = 0) -> tuple[str, ...]:
        """Return a list of words."""
        return tuple(entry.text() for entry in self.each(least))

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong(f"this is {said(self.value)}", "true or false", "Write true or false, without quotes")
        return self.value

    def one_of(self, known: Sequence[str]) -> str:
        """Return a word of `known`."""
        if self.value not in known:
            near = get_close_matches(str(self.value), known, 1)
            repair = f'Did you mean "{near[0]}"?' if near else "Write one of these"
            raise self.wrong(f'"{self.value}" is not known', "one of " + ", ".join(known), repair)
        return str(self.value)

    def number(self, low: float = -float("inf"), above: float = -float("inf")) -> float:
        """Return a finite number of at least `low`, and more than `above`."""
        bound = f" above {above:g}" if isfinite(above) else f" of {low:g} or more" if isfinite(low) else ""
        expected = f"a number{bound}, such as {1.0 if max(low, above) < 1 else 2 * max(low, above):g}"
        try:
            value = float("nan") if isinstance(self.value, bool | list | dict) else float(str(self.value))
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self.wrong(f"this is {said(self.value)}", expected, "Write digits alone, with a decimal point and without a unit")
        if value < low or value <= above:
            raise self.wrong(f"this is {said(self.value)}", expected, "Correct the number")
        return value

    def numbers(self, count: int) -> tuple[float, ...]:
        """Return a list of `count` numbers."""
        if not isinstance(self.value, list) or len(self.value) != count:
            found = f"the list has {len(self.value)} entries" if isinstance(self.value, list) else f"this is {said(self.value)}"
            raise self.wrong(found, f"{count} numbers in square brackets", "Write as many as are expected")
        return tuple(entry.number() for entry in self.each())

    def whole(self, low: int) -> int:
        """Return a whole number of at least `low`."""
        if self.number(low) % 1:
            raise self.wrong(f"this is {said(self.value)}", f"a whole number of {low} or more", "Write it without decimals")
        return int(self.number(low))

    def placed(self, read: Callable[[], Value]) -> Value:
        """Return what `read` makes of the value; errors of it get the line on which the value is written."""
        try:
            return read()
        except InputError as error:
            shown, line = self.source.shown, self.line
            raise type(error)([replace(issue, file=shown, line=line, id=issue.id or self.name) for issue in error.issues]) from None

    def _mapping(self) -> Mapping[str, object]:
        if not isinstance(self.value, dict):
            raise self.wrong(f"this is {said(self.value)}", "fields with their values", 'Write each as "name: value"')
        return self.value

    def _under(self, key: str | int, value: object) -> Field:
        word = str(key)
        if isinstance(key, int):  # an entry of a list is called by its id, or counted from 1
            word = str(value["id"]) if isinstance(value, dict) and "id" in value else f"entry {key + 1}"
        return Field(value, self.source, (*self.trail, key), f"{self.name}, {word}" if self.name else word)


def read_yaml(path: Path, shown: str, error: type[InputError], expected: str) -> Field:
    """Return what a YAML file holds.

    Parameters
    ----------
    path : Path
    shown : str
        How messages name the file: its place in the library.
    error : type of InputError
        Raised for everything that is wrong with the file and its values.
    expected : str
        What the file should hold, in words.

    Raises
    ------
    InputError
        For a missing, empty or malformed file, with its line.
    """
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        repair = "Check its name and the folder of the library"
        raise error(Issue("there is no such file", file=str(path), expected=expected, repair=repair)) from None
    except OSError as problem:
        issue = Issue(
            f"the file cannot be read ({problem.strerror})", str(path), expected=expected, repair="Check what stands at this path"
        )
        raise error(issue) from None
    return parse_yaml(held, shown, error, expected)


def parse_yaml(held: bytes, shown: str, error: type[InputError], expected: str) -> Field:
    """Return what the bytes of a YAML file hold; see `read_yaml`."""
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = held[: problem.start].count(b"\n") + 1
        repair = "Save the file again with the encoding UTF-8"
        raise error(Issue(f"byte 0x{held[problem.start]:02x} is not UTF-8", shown, line, None, "text in UTF-8", repair)) from None
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        lines = dict(islice(_lines(node, (), shown, error), _MOST)) if node else {}
        value = loader.construct_document(node) if node else None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        said = getattr(problem, "problem", None) or getattr(problem, "reason", None) or "it cannot be read"
        repair = "Repair this line or the one before it" if mark else "Save it again as plain text"
        at = min(mark.line, text.rstrip().count("\n")) + 1 if mark else None  # the end of the file stands on its last line
        issue = Issue(f"not well-formed YAML: {said}", shown, at, None, _WELL_FORMED, repair)
        raise error(issue) from None
    except ValueError as problem:  # a date that does not exist
        raise error(Issue(f"a value cannot be read: {problem}", shown, expected=expected, repair="Put dates in quotes")) from None
    except RecursionError:
        raise _too_deep(shown, None, error) from None
    finally:
        loader.dispose()
    if value is None:
        raise error(
            Issue("the file is empty", shown, expected=expected, repair="Write the fields, or take the file from the library again")
        )
    return Field(value, Source(shown, lines, error))


def _lines(node: yaml.Node, trail: Trail, shown: str, error: type[InputError]) -> Iterator[tuple[Trail, int]]:
    """Return the line of each value below a node, the whole file first; a field that is given twice is an error."""
    line = node.start_mark.line + 1
    yield trail, line
    if len(trail) > _DEEPEST:
        raise _too_deep(shown, line, error)
    if isinstance(node, yaml.SequenceNode):
        for i, entry in enumerate(node.value):
            yield from _lines(entry, (*trail, i), shown, error)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, at = str(key.value), key.start_mark.line + 1
            if name in seen:
                problem = f"the field is given twice, first in line {seen[name]}"
                raise error(Issue(problem, shown, at, name, "each field once", "Keep one of the two"))
            seen[name] = at
            yield from _lines(value, (*trail, name), shown, error)
            yield (*trail, name), at


def _too_deep(shown: str, line: int | None, error: type[InputError]) -> InputError:
    return error(
        Issue("lists and fields stand inside each other too often", shown, line, None, f"at most {_DEEPEST} levels", "Flatten them")
    )


def said(value: object) -> str:
    """Return in words what a value is."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the word {str(value).lower()}"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return f'"{value}"'
