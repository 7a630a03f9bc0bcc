"""Which line of an Antimony text defines which id; by patterns, best effort, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HIDDEN = re.compile(r'//[^\n]*|#[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_NAME = r"[A-Za-z_]\w*"
_OPEN = re.compile(rf"(?:model|module)\s*(\*?)\s*({_NAME})")
_LABEL = re.compile(rf"({_NAME})\s*:(?![=])\s*(.*)", re.DOTALL)
_VALUE = re.compile(rf"(?:(?:const|var|species|compartment|substanceOnly|formula)\s+)*\$?({_NAME})\s*(?:in\s+{_NAME}\s*)?('\s*=|:=|=)(?!=)")
_DECLARE = re.compile(r"((?:(?:const|var|substanceOnly|species|compartment|formula|event|reaction)\s+)+)(.*)", re.DOTALL)
_PLACED = re.compile(rf"\$?({_NAME})\s+in\s+{_NAME}")
_PLAIN = re.compile(rf"\$?({_NAME})(?:\s+in\s+{_NAME})?")
_HAS = re.compile(rf"({_NAME})\s+has\s")
_KINDS = {":=": "assignment", "=": "initial"}


@dataclass(frozen=True)
class Statement:
    """One statement with comments and quoted texts blanked, and the line where it begins."""

    text: str
    line: int


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def statements(text: str) -> Iterator[Statement]:
    """Yield the statements of an Antimony text in order; a list that ends in a comma goes on in the next line."""
    pending, start = "", 0
    for number, line in enumerate(_HIDDEN.sub(_blank, text).splitlines(), 1):
        for part in line.split(";"):
            words = f"{pending} {part}".strip()
            if not words:
                continue
            start = start if pending else number
            if words.endswith(",") and part is line.rsplit(";", maxsplit=1)[-1]:
                pending = words
                continue
            pending = ""
            yield Statement(words, start)
    if pending:
        yield Statement(pending, start)


def main_block(found: list[Statement]) -> list[Statement]:
    """Return the statements of the main model: all where there is no block, else those of the starred or last block."""
    blocks: list[tuple[bool, list[Statement]]] = []
    outside: list[Statement] = []
    current: list[Statement] | None = outside
    for statement in found:
        opened = _OPEN.match(statement.text)
        if opened:
            current = []
            blocks.append((bool(opened.group(1)), current))
        elif statement.text.startswith("function ") or statement.text == "function":
            current = None
        elif statement.text == "end":
            current = outside
        elif current is not None:
            current.append(statement)
    starred = [block for star, block in blocks if star]
    if not blocks:
        return outside
    return starred[-1] if starred else blocks[-1][1]


def find_definitions(found: list[Statement]) -> dict[str, int]:
    """Return the line of each id and each rule (`rate ID`, `assignment ID`, `initial ID`, `unit ID`)."""
    values: dict[str, int] = {}
    declared: dict[str, int] = {}
    units: dict[str, int] = {}
    labels: dict[str, int] = {}
    unnamed = {"_J": 0, "_E": 0}
    for statement in found:
        label = _LABEL.match(statement.text)
        words = (label.group(2) if label else statement.text).strip()
        kind = _process(words)
        if kind is not None:
            _note_process(labels, unnamed, label.group(1) if label else None, kind, statement.line)
        elif label is None:
            _note_quantity(statement, values, declared, units)
    return {**{f"unit {id}": line for id, line in units.items()}, **units, **values, **declared, **labels}


def _process(words: str) -> str | None:
    if re.match(r"at\b", words):
        return "_E"
    return "_J" if re.search(r"->|=>", words) else None


def _note_process(labels: dict[str, int], unnamed: dict[str, int], name: str | None, kind: str, line: int) -> None:
    if name is None:
        name = f"{kind}{unnamed[kind]}"
        unnamed[kind] += 1
    labels[name] = line


def _note_quantity(statement: Statement, values: dict[str, int], declared: dict[str, int], units: dict[str, int]) -> None:
    text, line = statement.text, statement.line
    if re.match(r"unit\s", text):
        return
    has = _HAS.match(text)
    if has:
        units[has.group(1)] = line
        return
    listed = _DECLARE.match(text)
    for part in listed.group(2).split(",") if listed else [text]:
        words = part.strip()
        value = _VALUE.match(words)
        plain = _PLAIN.fullmatch(words) if listed else _PLACED.fullmatch(words)
        if value:
            name, kind = value.group(1), _KINDS.get(value.group(2), "rate")
            values[f"{kind} {name}"] = line
            values[name] = line if kind != "rate" else values.get(name, line)
        elif plain:
            declared.setdefault(plain.group(1), line)
