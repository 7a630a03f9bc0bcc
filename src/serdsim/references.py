"""The bibliography: BibTeX read into frozen references, and references written as text, BibTeX and RIS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from serdsim.errors import Issue, ReferenceError_
from serdsim.kept import kept_object

ET_AL = "et al"
_ENTRY = re.compile(r"^[ \t]*@(\w+)[ \t]*[{(][ \t]*([^,\s}]+)[ \t]*,", re.MULTILINE)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_YEAR = re.compile(r"(1[89]|20)\d\d")
_CONTAINER = {"article": "journal", "inproceedings": "booktitle", "incollection": "booktitle", "book": "publisher"}
_RIS_TYPE = {"article": "JOUR", "inproceedings": "CPAPER", "incollection": "CHAP", "book": "BOOK"}
_PLAIN = ("doi", "pmid", "pmcid", "url")
_ESCAPED = re.compile(r"\\([&%#_$])")


@dataclass(frozen=True)
class Reference:
    """One entry of the bibliography; a field that the entry lacks is the empty text.

    `authors` are written ``Family, G. I.``, an institution by its name, and an open list ends with ``et al``. `container` is
    the journal, or what stands in its place: a book, a poster session, a collection of pages.
    """

    key: str
    entry_type: str
    authors: tuple[str, ...]
    title: str
    year: int
    container: str
    volume: str
    number: str
    pages: str
    doi: str
    pmid: str
    url: str
    note: str
    file: str
    line: int
    pmcid: str = ""


def read_references(path: Path) -> Mapping[str, Reference]:
    """Return the references of the BibTeX file at `path` by key, in the order of the file.

    Raises
    ------
    ReferenceError_
        Once, with everything that is wrong with the file, each issue with its line: a repeated key, a missing title, year or
        author, a malformed DOI or year; or the one place where the file stops being BibTeX.
    """
    text, file = _read_text(path), str(path)
    return MappingProxyType(kept_object("references", f"{file}\n{text}".encode(), lambda: _read(text, file)))


def _read(text: str, file: str) -> dict[str, Reference]:
    lines, issues = _entry_lines(text, file)
    if not lines and not issues and "@" not in text:
        repair = "Add an entry such as @article{Rich2002, ...}"
        raise ReferenceError_(Issue("the bibliography is empty", file, expected="BibTeX entries", repair=repair))
    if issues:
        raise ReferenceError_(issues)
    found: dict[str, Reference] = {}
    for key, entry in _parse(text, file).items():
        line = lines.get(key, 1)
        new = _entry_issues(key, entry, file, line)
        issues += new
        if not new:
            found[key] = _reference(key, entry, file, line)
    if issues:
        raise ReferenceError_(issues)
    return found


def _read_text(path: Path) -> str:
    file = str(path)
    if path.is_dir():
        raise ReferenceError_(Issue("this is a directory", file, expected="a BibTeX file", repair="Give the path of a file inside it"))
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        repair = "Check the spelling of the path"
        raise ReferenceError_(Issue("the file is missing", file, expected="a BibTeX file", repair=repair)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        repair = "Save the file again with the encoding UTF-8"
        raise ReferenceError_(Issue("the text is not UTF-8", file, line, expected="text in UTF-8", repair=repair)) from None


def _entry_lines(text: str, file: str) -> tuple[dict[str, int], list[Issue]]:
    """Return the line of each key, and an issue for each repeated key; BibTeX does not tell small letters from capitals in keys."""
    lines: dict[str, int] = {}
    first: dict[str, int] = {}
    issues: list[Issue] = []
    for match in _ENTRY.finditer(text):
        if match[1].lower() in {"comment", "string", "preamble"}:
            continue
        line = text.count("\n", 0, match.start(1)) + 1
        if match[2].lower() in first:
            repair = "Remove one of the entries, or give it another key"
            before = first[match[2].lower()]
            issues.append(Issue(f"the key is already used in line {before}", file, line, match[2], expected="each key once", repair=repair))
        first.setdefault(match[2].lower(), line)
        lines.setdefault(match[2], line)
    return lines, issues


def _parse(text: str, file: str) -> Mapping[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pybtex asks for its plugins through interfaces that Python has deprecated
        from pybtex.database import parse_string
        from pybtex.exceptions import PybtexError

        try:
            entries: Mapping[str, Any] = parse_string(text, "bibtex").entries
        except PybtexError as error:
            line = getattr(error, "lineno", None)
            problem = f"the file is not BibTeX from here on ({str(error).removesuffix('.').splitlines()[0]})"
            repair = "Look for a bracket, quote or comma that is missing here or in the entry before"
            expected = "entries such as @article{key, title = {...}}"
            raise ReferenceError_(Issue(problem, file, line, expected=expected, repair=repair)) from None
    return entries


def _entry_issues(key: str, entry: Any, file: str, line: int) -> list[Issue]:
    issues = [
        Issue(f"the entry has no {name}", file, line, key, expected=f"the field {name}", repair=f"Add {name} = {{...}}")
        for name, present in (
            ("author", entry.persons.get("author")),
            ("title", entry.fields.get("title", "").strip("{} ")),
            ("year", entry.fields.get("year", "").strip()),
        )
        if not present
    ]
    year, doi = entry.fields.get("year", "").strip(), entry.fields.get("doi", "").strip()
    if year and not _YEAR.fullmatch(year):
        issues.append(Issue(f'"{year}" is not a year', file, line, key, expected="four digits", repair="Move anything else into the note"))
    if doi and not _DOI.fullmatch(doi):
        repair = "Write what follows https://doi.org/, and nothing else"
        issues.append(Issue(f'"{doi}" is not a DOI', file, line, key, expected="a text such as 10.7554/eLife.12792", repair=repair))
    return issues


def _reference(key: str, entry: Any, file: str, line: int) -> Reference:
    kind = entry.type.lower()
    plain = {name: _plain(value) for name, value in entry.fields.items()}
    names = (_CONTAINER.get(kind, "howpublished"), "journal", "booktitle", "howpublished", "publisher", "institution")
    return Reference(
        key=key,
        entry_type=kind,
        authors=tuple(_author(person) for person in entry.persons["author"]),
        title=plain["title"],
        year=int(plain["year"]),
        container=next((plain[name] for name in names if plain.get(name)), ""),
        volume=plain.get("volume", ""),
        number=plain.get("number", ""),
        pages=plain.get("pages", "").replace("--", "-"),
        note=plain.get("note", ""),
        file=file,
        line=line,
        **{name: entry.fields.get(name, "").strip() for name in _PLAIN},
    )


def _plain(text: str) -> str:
    return " ".join(_ESCAPED.sub(r"\1", text).replace("{", "").replace("}", "").split())


def _author(person: Any) -> str:
    family = _plain(" ".join([*person.prelast_names, *person.last_names, *person.lineage_names]))
    given = _plain(" ".join([*person.first_names, *person.middle_names]))
    return ET_AL if family == "others" and not given else f"{family}, {given}" if given else family


def require(keys: Iterable[str], references: Mapping[str, Reference]) -> tuple[Reference, ...]:
    """Return the references with these keys, in their order.

    Raises
    ------
    ReferenceError_
        With one issue for each unknown key, which names the nearest known ones.
    """
    wanted = list(dict.fromkeys(keys))
    issues = []
    for key in wanted:
        if key not in references:
            close = get_close_matches(key, list(references), n=3)
            repair = "Did you mean " + " or ".join(close) + "?" if close else "Add the entry to references.bib"
            issues.append(Issue("the reference is unknown", id=key, expected="a key of references.bib", repair=repair))
    if issues:
        raise ReferenceError_(issues)
    return tuple(references[key] for key in wanted)


def cite_text(reference: Reference) -> str:
    """Return the reference in one line: three authors stand for more than six, the journal is abbreviated as the entry has it."""
    names = [_short(author) for author in reference.authors]
    if len(names) > 6:
        names = [*names[:3], ET_AL]
    place = f"{reference.volume}({reference.number})" if reference.number else reference.volume
    when = f"{reference.year};{place}" if place else str(reference.year)
    if reference.pages:
        when += f":{reference.pages.replace('-', '–') if reference.pages[0].isdigit() else reference.pages}"
    return " ".join(_stopped(part) for part in (", ".join(names), reference.title, reference.container, when) if part)


def _short(author: str) -> str:
    family, _, given = author.partition(", ")
    initials = "".join(word[0] for word in re.split(r"[\s.\-]+", given) if word)
    return f"{family} {initials}".strip()


def _stopped(text: str) -> str:
    return text if text[-1] in ".?!" else text + "."


def to_bibtex(references: Iterable[Reference]) -> str:
    """Return the references as BibTeX, sorted by key; capitals of a title are kept."""
    return "\n".join(_bibtex(reference) for reference in sorted(references, key=lambda reference: reference.key))


def _bibtex(reference: Reference) -> str:
    names = ["others" if name == ET_AL else name if ", " in name else f"{{{name}}}" for name in reference.authors]
    values = {
        "author": " and ".join(names),
        "title": "{" + _escape(reference.title) + "}",
        _CONTAINER.get(reference.entry_type, "howpublished"): _escape(reference.container),
        "year": str(reference.year),
        "volume": reference.volume,
        "number": reference.number,
        "pages": reference.pages.replace("-", "--"),
        **{name: getattr(reference, name) for name in _PLAIN},
        "note": _escape(reference.note),
    }
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in values.items() if value)
    return f"@{reference.entry_type}{{{reference.key},\n{body}}}\n"


def _escape(text: str) -> str:
    return re.sub(r"([&%#_$])", r"\\\1", text)


def to_ris(references: Iterable[Reference]) -> str:
    """Return the references as RIS, sorted by key."""
    return "\n".join(_ris(reference) for reference in sorted(references, key=lambda reference: reference.key))


def _ris(reference: Reference) -> str:
    first, _, last = reference.pages.partition("-")
    lines = [("TY", _RIS_TYPE.get(reference.entry_type, "GEN")), ("ID", reference.key)]
    lines += [("AU", author) for author in reference.authors if author != ET_AL]
    lines += [("TI", reference.title), ("T2", reference.container), ("PY", str(reference.year)), ("VL", reference.volume)]
    lines += [("IS", reference.number), ("SP", first), ("EP", last), ("DO", reference.doi), ("AN", reference.pmid)]
    lines += [("UR", reference.url), ("N1", reference.note)]
    return "".join(f"{tag}  - {value}\n" for tag, value in lines if value) + "ER  - \n"
