"""SBML and Antimony files -> `Model`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serdsim.errors import Issue, ModelError
from serdsim.model.antimony import Source, antimony_to_sbml, definitions, join_fragments, read_source, read_text
from serdsim.model.clones import Clones
from serdsim.model.entities import Model, Place
from serdsim.model.expression import Apply, Expression
from serdsim.model.sbml_document import open_document
from serdsim.model.sbml_entities import read_entities
from serdsim.model.sbml_places import Places

MOST_LEVELS = 300  # of a formula; Python's own limit is met a little later
_SBML_SUFFIXES = (".xml", ".sbml")
_ANTIMONY_SUFFIXES = (".ant", ".txt", ".antimony")


def read_sbml(source: str | Path, *, file: str | None = None, flatten: bool = False) -> Model:
    """Return the model of an SBML text or file.

    Parameters
    ----------
    source : str or Path
        The text of the file where it is a str, else its path.
    file : str, optional
        Name of the file in messages; the name of the path where none is given.
    flatten : bool
        Resolve submodels of the package comp instead of refusing them.

    Raises
    ------
    ModelError
        When the file is missing, empty, malformed, Level 1, needs a package other than core or has fast reactions.
    """
    text = read_text(source, "an SBML file") if isinstance(source, Path) else source
    name = file or (source.name if isinstance(source, Path) else "SBML text")
    document = open_document(text, name, flatten=flatten)
    return read_entities(document.getModel(), Places(name), origin=str(source) if isinstance(source, Path) else name)


def read_antimony(source: Source) -> Model:
    """Return the model of an Antimony source; every entity keeps the file and line where it was written.

    Raises
    ------
    ModelError
        When the text cannot be read, or names a unit that it does not define.
    """
    text = antimony_to_sbml(source)
    document = open_document(text, source.file)
    places = Places(source.file, definitions(source), written=True)
    return read_entities(document.getModel(), places, origin=source.file)


def read_fragments(fragments: Sequence[Path], model_id: str, clones: Clones | None = None) -> Model:
    """Return the model that the fragments give together, with those of `clones` once for each clone.

    Raises
    ------
    ModelError
        When a fragment is missing or empty, or the joined text cannot be read.
    """
    return read_antimony(join_fragments(fragments, model_id, clones))


def read_model(path: Path) -> Model:
    """Return the model of a file: Antimony (.ant, .txt) or SBML (.xml, .sbml); other names are judged by content.

    Raises
    ------
    ModelError
        When the file is missing, empty, of another kind or cannot be read.
    """
    try:
        model = _model_of(path)
    except RecursionError:
        raise ModelError(_too_deep(Place(path.name))) from None
    formulas = [(id, one.place, one.law) for id, one in model.reactions.items()]
    formulas += [(rule.target, rule.place, rule.expression) for rule in model.rules]
    for id, event in model.events.items():
        parts = (event.trigger, event.delay, event.priority, *(value for _, value in event.assignments))
        formulas += [(id, event.place, part) for part in parts if part is not None]
    issues = [_too_deep(place, id) for id, place, formula in formulas if levels(formula) > MOST_LEVELS]
    if issues:
        raise ModelError(issues)
    return model


def levels(expression: Expression) -> int:
    """Return how deep a formula is nested; 1 for a number or a symbol."""
    deepest, waiting = 0, [(expression, 1)]
    while waiting:
        part, level = waiting.pop()
        deepest = max(deepest, level)
        if isinstance(part, Apply):
            waiting += [(argument, level + 1) for argument in part.args]
    return deepest


def _too_deep(place: Place, id: str | None = None) -> Issue:
    repair = "Give parts of the formula assignment rules of their own"
    return Issue("a formula has too many brackets or terms", place.file, place.line, id, f"at most {MOST_LEVELS} levels", repair)


def _model_of(path: Path) -> Model:
    text = read_text(path, "a model file: Antimony (.ant) or SBML (.xml)")
    suffix = path.suffix.lower()
    if suffix in _SBML_SUFFIXES or (suffix not in _ANTIMONY_SUFFIXES and text.lstrip().startswith("<")):
        return read_sbml(path)
    if text.lstrip().startswith("<"):
        raise ModelError(
            Issue(
                f"the file is called {suffix} but holds XML",
                file=path.name,
                line=1,
                expected="Antimony statements",
                repair="Rename the file to .xml if it is SBML",
            )
        )
    return replace(read_antimony(read_source(path)), origin=str(path))
