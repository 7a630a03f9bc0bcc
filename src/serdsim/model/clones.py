"""Clones of a tumour: fragments that are there once for each clone, with the clone's suffix on everything that is the clone's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serdsim.model.antimony_lines import statements

_SPECIES = re.compile(r"species\s+(.*)", re.DOTALL)
_NAMED = re.compile(r"\$?([A-Za-z_]\w*)\s+in\s")
_RULE = re.compile(r"([A-Za-z_]\w*)\s*('\s*=|:=)(?!=)")
_REACTION = re.compile(r"([A-Za-z_]\w*)\s*:(?!=)[^;]*(?:->|=>)", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Clones:
    """Which fragments the clone of each suffix has of its own (`each`), and which numbers differ from clone to clone (`own`).

    Species, variables with a rule and reactions of these fragments are a clone's own as well; every other number is shared by all.
    """

    each: tuple[tuple[str, tuple[Path, ...]], ...]
    own: tuple[str, ...]

    @property
    def fragments(self) -> tuple[Path, ...]:
        """The files of all clones, each once."""
        return tuple(dict.fromkeys(path for _, paths in self.each for path in paths))


def own_names(texts: Sequence[str], own: Sequence[str]) -> frozenset[str]:
    """Return the ids of a clone's fragments that carry its suffix."""
    found = set(own)
    for text in texts:
        for statement in statements(text):
            listed = _SPECIES.match(statement.text)
            if listed:
                found |= set(_NAMED.findall(listed.group(1) + " "))
            rule, reaction = _RULE.match(statement.text), _REACTION.match(statement.text)
            found |= {match.group(1) for match in (rule, reaction) if match}
    return frozenset(found)


def with_suffix(text: str, names: frozenset[str], suffix: str) -> str:
    """Return a fragment's text in which every word of `names` carries the suffix; line for line the same."""
    return _WORD.sub(lambda word: word.group() + suffix if word.group() in names else word.group(), text)


def shared_id(id: str, clones: Clones | None) -> str:
    """Return the id that a clone's quantity has in the tables: without the suffix."""
    for suffix, _ in clones.each if clones else ():
        if id.endswith(suffix):
            return id.removesuffix(suffix)
    return id
