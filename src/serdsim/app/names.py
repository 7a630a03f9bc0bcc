"""Names: how a word is folded before it is compared, and the other names that the library knows for a thing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serdsim.errors import InputError
from serdsim.yaml_file import read_yaml

KINDS = ("drugs", "genes", "mutations", "lines", "words")
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma", "κ": "kappa", "µ": "u", "μ": "u"})
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Names:
    """Groups of names by kind; the first of a group is the one that the library uses."""

    groups: Mapping[str, tuple[tuple[str, ...], ...]]

    def others(self, kind: str, name: str) -> tuple[str, ...]:
        """Return the other names of a thing."""
        return next((group[1:] for group in self.groups.get(kind, ()) if group[0] == name), ())

    def spoken_of(self, text: str) -> tuple[str, ...]:
        """Return all names of whatever the text names."""
        folded = padded(text)
        every = (group for groups in self.groups.values() for group in groups)
        return tuple(name for group in every if any(padded(name) in folded for name in group) for name in group)


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a text as the index holds them: small letters, no accents, Greek letters by name."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_GREEK))
    return tuple(_WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign))))


def padded(text: str) -> str:
    """Return the folded words with a space about each, so that whole words can be looked for."""
    return f" {' '.join(folded_words(text))} "


def read_names(library: Path) -> Names:
    """Return the names of synonyms.yaml; none where a library has no such file.

    Raises
    ------
    InputError
        For an unknown kind, a group that is no list, or an empty name.
    """
    path = library / "synonyms.yaml"
    if not path.is_file():
        return Names({})
    expected = "lists of names by kind: " + ", ".join(KINDS)
    record = read_yaml(path, "synonyms.yaml", InputError, expected)
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    for kind, field in record.items():
        if kind not in KINDS:
            raise field.wrong("the kind is not known", "one of " + ", ".join(KINDS), "Correct its name or remove it")
        groups[kind] = tuple(tuple(name.text() for name in group.each()) for group in field.each())
        for group, names in zip(field.each(), groups[kind], strict=True):
            if not names:
                raise group.wrong("the group is empty", "the library's name, then others", "Write a name or remove the group")
    return Names(groups)
