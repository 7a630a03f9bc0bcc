"""Files that a user may bring and that cannot be used: each gets exactly the words that are written down for it."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from library_cases import copied
from serdsim.cli import main

CORPUS = Path(__file__).with_name("corpus")
ENTRIES: list[dict[str, Any]] = yaml.safe_load((CORPUS / "corpus.yaml").read_text(encoding="utf-8"))["entries"]
LIBRARY: dict[str, str] = yaml.safe_load((CORPUS / "corpus.yaml").read_text(encoding="utf-8"))["library"]
FIELDS = {"id", "trap", "about_units", "file", "beside", "library", "command", "status", "lacks", "first", "stdout", "stderr"}
TABLES = {".csv", ".tsv", ".bib"}


def overlaid(entry: dict[str, Any]) -> dict[str, str]:
    """Which file of the corpus stands for which file of the library."""
    return dict(entry.get("library", {}))


def used(entry: dict[str, Any]) -> list[str]:
    """The files of the corpus that an entry needs."""
    return [*([entry["file"]] if "file" in entry else []), *entry.get("beside", []), *overlaid(entry).values()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One copy of the shipped library with a small model of our own beside the shipped ones."""
    library = copied(tmp_path_factory.mktemp("corpus"))
    path = library / "correlations.tsv"
    path.write_text(path.read_text(encoding="utf-8").split("\n", 1)[0] + "\n", encoding="utf-8")  # entries replace tables that it names
    for inside, own in LIBRARY.items():
        put(CORPUS / own, library / inside)
    return library


@pytest.fixture(scope="module", autouse=True)
def _kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERDSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SERDSIM_DEBUG", raising=False)
        yield


@pytest.fixture
def overlay(copy: Path) -> Iterator[Any]:
    """Put files of the corpus in the place of files of the library, and put those back afterwards."""
    before: dict[Path, bytes | None] = {}

    def do(entry: dict[str, Any]) -> Path:
        for inside, own in overlaid(entry).items():
            path = copy / inside
            before[path] = path.read_bytes() if path.exists() else None
            put(CORPUS / own, path)
        return copy

    yield do
    for path, content in before.items():
        path.unlink() if content is None else path.write_bytes(content)


def put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def listing(*folders: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for folder in folders for path in folder.rglob("*"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
def test_a_file_that_cannot_be_used_gets_exactly_these_words(
    entry: dict[str, Any], overlay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library = overlay(entry)
    for name in used(entry):
        if name not in overlaid(entry).values():
            put(CORPUS / name, tmp_path / Path(name).name)
    monkeypatch.chdir(tmp_path)
    places = {"file": Path(entry.get("file", "")).name, "library": str(library)}
    before = listing(tmp_path, library)
    status = main([word.format(**places) for word in shlex.split(entry["command"])])
    said = capsys.readouterr()
    assert said.err.replace(str(library), "{library}").replace(places["file"] or "\0", "{file}") == entry.get("first", "") + entry["stderr"]
    assert said.out.replace(places["file"] or "\0", "{file}") == entry.get("stdout", "")
    assert status == entry["status"] == 2
    assert "Traceback" not in said.err + said.out
    assert listing(tmp_path, library) == before


@pytest.mark.parametrize("command", ["check dish --library {library}", "check oral.ant"])
def test_without_the_trap_nothing_is_wrong(
    command: str, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(CORPUS / "models/oral.ant", tmp_path / "oral.ant")
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command.format(library=copy))) == 0
    assert "It can be run.\nIts units fit.\n" in capsys.readouterr().out


def test_the_list_is_long_enough_and_a_third_of_it_is_about_units() -> None:
    assert len(ENTRIES) >= 40
    assert sum(entry["about_units"] for entry in ENTRIES) >= 20
    assert len({entry["id"] for entry in ENTRIES}) == len({entry["trap"] for entry in ENTRIES}) == len(ENTRIES)
    assert [entry["id"] for entry in ENTRIES if not set(entry) <= FIELDS] == []


def test_every_file_of_the_corpus_is_used() -> None:
    held = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()}
    assert held == {"corpus.yaml", *LIBRARY.values(), *(name for entry in ENTRIES for name in used(entry))}


def lacking(entry: dict[str, Any]) -> list[str]:
    """What the message of an entry does not say, of what, where, expectation and repair."""
    message = entry.get("stdout") or entry["stderr"]
    first, *rest = message.splitlines()
    inside = [Path(own).suffix for own in overlaid(entry).values()]
    in_table = bool(TABLES & {Path(entry.get("file", "")).suffix, *inside}) and "{file}" in entry["command"] + "{file}" * bool(inside)
    return [
        word
        for word, said in {
            "what": re.match(r"\w+Error_?: |Model ", first),
            "where": re.search(r"\{file\}|\{library\}/\S+|\w+\.(yaml|ant|bib)\b|\^|^RegimenError: \w+ [\de.]+ [\w/]+: ", message),
            "line": not in_table or re.search(r"(\.\w+|\{file\}):\d+  ", message) or "the table is empty" in message,
            "expectation": "; expected " in message or " needs " in message,
            "repair": rest or "; expected one of " in message,
        }.items()
        if not said
    ]


def test_every_message_says_what_where_and_what_was_expected() -> None:
    found = {entry["id"]: lacking(entry) for entry in ENTRIES}
    assert {id: parts for id, parts in found.items() if parts} == {entry["id"]: entry["lacks"] for entry in ENTRIES if "lacks" in entry}
    assert {part for parts in found.values() for part in parts} <= {"expectation", "repair"}


def test_a_message_that_lacks_a_part_is_seen() -> None:
    entry = {"file": "records/a.csv", "command": "simulate m.ant --nonmem {file}"}
    assert lacking(entry | {"stderr": "TableError: {file}:3  TIME is x; expected hours.\nWrite hours\n"}) == []
    assert lacking(entry | {"stderr": "TableError: {file}  TIME is x; expected hours.\nWrite hours\n"}) == ["line"]
    assert lacking(entry | {"stderr": "the file is odd\n"}) == ["what", "where", "line", "expectation", "repair"]
