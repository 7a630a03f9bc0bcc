"""Antimony: fragments joined into one model, translated to SBML, with the way back to file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import antimony

from serdsim.errors import Issue, ModelError
from serdsim.model.antimony_lines import Statement, find_definitions, main_block, statements
from serdsim.model.clones import Clones, own_names, with_suffix
from serdsim.model.entities import Place

_LOCK = Lock()  # libAntimony keeps one state per process
_LINE = re.compile(r"line (\d+):?\s*")
_CIRCLE = re.compile(r"Loop detected:\s+(\w+)'s definition \((.*?)\) either includes itself", re.DOTALL)
_BLOCK = re.compile(r"(?:model|module)\b")


@dataclass(frozen=True)
class Source:
    """An Antimony text and where each of its lines was written.

    Parameters
    ----------
    text : str
        The text that the parser reads.
    lines : tuple of Place
        File and line of each line of the text.
    file : str
        Name for places that have no line.
    folder : Path, optional
        Where `import` statements look for files.
    """

    text: str
    lines: tuple[Place, ...]
    file: str
    folder: Path | None = None

    def place(self, line: int | None) -> Place:
        """Return where a line of the text was written."""
        return self.lines[line - 1] if line and line <= len(self.lines) else Place(self.file)


Joined = Source


def read_text(path: Path, expected: str) -> str:
    """Return the text of a file.

    Raises
    ------
    ModelError
        When it is missing, a folder, empty or not text.
    """
    repair = "Check the path and the name of the file"
    if path.is_dir():
        raise ModelError(Issue("this is a folder", file=str(path), expected=expected, repair="Name the file inside the folder"))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ModelError(Issue("there is no such file", file=str(path), expected=expected, repair=repair)) from None
    except UnicodeDecodeError:
        raise ModelError(Issue("the file is not UTF-8 text", file=str(path), expected=expected, repair="Save the file as UTF-8")) from None
    except (OSError, ValueError) as error:
        raise ModelError(Issue(f"the file cannot be read: {error}", file=str(path), expected=expected, repair=repair)) from None
    if not text.strip():
        raise ModelError(Issue("the file is empty", file=str(path), expected=expected, repair="Give a file with a model in it"))
    return text


def join_fragments(fragments: Sequence[Path], model_id: str, clones: Clones | None = None) -> Joined:
    """Return one Antimony model of the statements of all fragments, in their order, then those of each clone.

    Raises
    ------
    ModelError
        When a fragment is missing, a folder, empty, or contains a model block of its own.
    """
    if not fragments:
        raise ModelError(Issue("the model has no fragments", id=model_id, expected="one or more Antimony fragments"))
    issues: list[Issue] = []
    body: list[str] = []
    lines: list[Place] = [Place(fragments[0].name)]
    texts: dict[Path, str] = {}
    for path in dict.fromkeys((*fragments, *(clones.fragments if clones else ()))):
        try:
            texts[path] = read_text(path, "a fragment with Antimony statements")
            issues += _blocks(texts[path], path.name)
        except ModelError as error:
            issues += error.issues
    if issues:
        raise ModelError(issues)
    for path, text in _in_order(fragments, texts, clones):
        written = text.splitlines()
        body += written
        lines += [Place(path.name, number) for number in range(1, len(written) + 1)]
    text = "\n".join([f"model *{model_id}()", *body, "end", ""])
    return Source(text, (*lines, Place(fragments[-1].name)), fragments[0].name if len(fragments) == 1 else model_id)


def _in_order(fragments: Sequence[Path], texts: Mapping[Path, str], clones: Clones | None) -> Iterator[tuple[Path, str]]:
    yield from ((path, texts[path]) for path in fragments)
    if clones is None:
        return
    own = own_names([texts[path] for path in clones.fragments], clones.own)
    for suffix, paths in clones.each:
        yield from ((path, with_suffix(texts[path], own, suffix)) for path in paths)


def _blocks(text: str, file: str) -> list[Issue]:
    return [
        Issue(
            "a fragment holds a model block", file=file, line=found.line, expected="statements only", repair='Remove "model ..." and "end"'
        )
        for found in statements(text)
        if _BLOCK.match(found.text)
    ]


def read_source(path: Path) -> Source:
    """Return the Antimony text of a user's file as it is written.

    Raises
    ------
    ModelError
        When the file is missing, a folder, empty or not text.
    """
    text = read_text(path, "an Antimony model")
    count = len(text.splitlines())
    return Source(text, tuple(Place(path.name, number) for number in range(1, count + 1)), path.name, path.parent)


def antimony_to_sbml(source: Source | str) -> str:
    """Return the SBML (Level 3 Version 2) of the main model of an Antimony text.

    Raises
    ------
    ModelError
        With file and line where the parser names a line, our words and the parser's.
    """
    if isinstance(source, str):
        source = Source(source, tuple(Place("Antimony text", n + 1) for n in range(source.count("\n") + 1)), "Antimony text")
    if not list(statements(source.text)):
        raise ModelError(Issue("the text holds no statements", file=source.file, expected="an Antimony model"))
    with _LOCK:
        antimony.clearPreviousLoads()
        antimony.freeAll()
        if source.folder is not None:
            antimony.addDirectory(str(source.folder))
        try:
            if antimony.loadAntimonyString(source.text) < 0:
                raise _parser_error(source, _last_error())
            text = antimony.getSBMLString(antimony.getMainModuleName())
            if not text:
                raise _parser_error(source, _last_error())
        finally:
            antimony.clearDirectories()
            antimony.clearPreviousLoads()
            antimony.freeAll()
    return str(text)


def _last_error() -> str:
    try:
        return str(antimony.getLastError())
    except UnicodeDecodeError:
        return "a sign that is not ASCII stands outside a comment"


def _parser_error(source: Source, message: str) -> ModelError:
    found = _LINE.search(message)
    place = source.place(int(found.group(1)) if found else None)
    if place.line is None:
        place = _only_use(source, message) or place
    circle = _CIRCLE.search(message)
    if circle is not None:
        problem = f"the rules go in a circle: {circle[1]} is computed from itself through {circle[2]}"
        expected, repair = "rules of which none needs its own result", "Give one quantity of the circle a number, a rate rule or a reaction"
        return ModelError(Issue(problem, place.file, place.line, circle[1], expected, repair))
    words = re.sub(r"^Error in (model string|file '[^']*'),?\s*", "", message)
    words = " ".join(re.sub(r"^line \d+:\s*", "", words).split())
    return ModelError(
        Issue(
            f"the Antimony parser cannot read this statement: {words}".rstrip("."),
            file=place.file,
            line=place.line,
            expected="an Antimony statement",
            repair="Correct the line; the cause can stand at the end of the line before it",
        )
    )


def _only_use(source: Source, message: str) -> Place | None:
    """Return the one place that uses the id that the parser quotes; None where there are several or none."""
    quoted = re.search(r"'([A-Za-z_]\w*)'", message)
    if quoted is None:
        return None
    uses = {found.line for found in statements(source.text) if re.search(rf"\b{quoted.group(1)}\b", found.text)}
    return source.place(uses.pop()) if len(uses) == 1 else None


def definitions(source: Source) -> Mapping[str, Place]:
    """Return where each id is defined, best effort; an id that is not found has no entry.

    Keys are ids of entities, and `rate ID`, `assignment ID` and `initial ID` for rules, `unit ID` for units. Of several
    values of one id the last counts, as it does for the parser.
    """
    body: list[Statement] = main_block(list(statements(source.text)))
    return {key: source.place(line) for key, line in find_definitions(body).items()}
