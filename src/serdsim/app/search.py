"""The search: an SQLite index over the entries of a library, questions in the reader's words, near misses named."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from threading import Lock

from serdsim.app.entries import GROUPS, Entry
from serdsim.app.names import Names, folded_words, padded

MOST = 20  # of each group that a page shows
LONGEST = 200  # signs of a question that are read
_NEAR = 0.74  # how alike a word must be to stand for one that nothing has, between 0 and 1
_SHORTEST = 4  # letters of a word that may be misspelt
_RANK = "bm25(entries, 8.0, 4.0, 1.0)"


@dataclass(frozen=True)
class Group:
    """Entries of one kind, the best first; `more` are those that are not shown."""

    title: str
    entries: tuple[Entry, ...]
    more: int


@dataclass(frozen=True)
class Found:
    """What a question found; `read_as` are words that nothing has with those that were looked for in their place."""

    query: str
    groups: tuple[Group, ...]
    read_as: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def count(self) -> int:
        """How many entries were found."""
        return sum(len(group.entries) + group.more for group in self.groups)


@dataclass(frozen=True)
class Index:
    """Entries in a database in memory, with all words that they have, names first."""

    entries: tuple[Entry, ...]
    base: sqlite3.Connection
    vocabulary: tuple[Mapping[str, str], Mapping[str, str]]
    turn: Lock = field(default_factory=Lock)


def build_index(entries: Sequence[Entry], names: Names) -> Index:
    """Return the index of the entries; each is found by every name of what it speaks of."""
    base = sqlite3.connect(":memory:", check_same_thread=False)
    base.execute("CREATE VIRTUAL TABLE entries USING fts5(title, names, text, tokenize='unicode61')")
    short: dict[str, str] = {}
    long: dict[str, str] = {}
    for number, entry in enumerate(entries):
        also = (*entry.names, *names.spoken_of(f"{entry.title} {entry.text} {' '.join(entry.names)}"))
        called = [padded(name) + "".join(folded_words(name)) for name in dict.fromkeys((entry.key, *also))]
        row = (padded(entry.title), " ".join(called), padded(entry.text))
        base.execute("INSERT INTO entries(rowid, title, names, text) VALUES (?, ?, ?, ?)", (number, *row))
        long |= {word: word for word in " ".join(row).split()}
        if entry.kind != "reference":
            short |= {
                word: name for name in (entry.key, *entry.names, *also) for word in folded_words(name) if len(folded_words(name)) == 1
            }
    return Index(tuple(entries), base, (short, long))


def search(index: Index, query: str) -> Found:
    """Return what has all words of `query`, in any of their names, by kind.

    A word is found from its beginning. A word that no entry has is read as the nearest ones, which `read_as` tells.
    """
    query = " ".join(query[:LONGEST].split())
    wanted, read_as = [], []
    for word in query.split():
        if not (parts := folded_words(word)):
            continue
        forms = list(dict.fromkeys((" ".join(parts), "".join(parts))))
        if not _rows(index, _either(forms)):
            near = _near(index, "".join(parts))
            read_as += [(word, near)] if near else []
            forms = [" ".join(folded_words(name)) for name in near] or forms
        wanted.append(_either(forms))
    rows = _rows(index, " AND ".join(wanted)) if wanted else []
    return Found(query, _grouped([index.entries[row] for row in rows]), tuple(read_as))


def _either(forms: Sequence[str]) -> str:
    """Return what asks the index for any of these beginnings; they hold letters and figures only."""
    return "(" + " OR ".join(f'"{form}" *' for form in forms) + ")"


def _rows(index: Index, asked: str) -> list[int]:
    with index.turn:
        found = index.base.execute(f"SELECT rowid FROM entries WHERE entries MATCH ? ORDER BY {_RANK}, rowid", (asked,))
        return [row for (row,) in found]


def _near(index: Index, word: str) -> tuple[str, ...]:
    """Return the words most like one, from names before those from texts."""
    if len(word) < _SHORTEST or word.isdigit():
        return ()
    for words in index.vocabulary:
        if near := get_close_matches(word, words, 2, _NEAR):
            return tuple(words[one] for one in near)
    return ()


def _grouped(entries: Sequence[Entry]) -> tuple[Group, ...]:
    kinds = {kind: [entry for entry in entries if entry.kind == kind] for kind in GROUPS}
    return tuple(Group(GROUPS[kind], tuple(found[:MOST]), len(found[MOST:])) for kind, found in kinds.items() if found)
