"""Which kind each value of a figure has, checked with its line before any of them is read."""

from __future__ import annotations

from pathlib import Path

from serdsim.errors import ClaimError
from serdsim.experiments.protocol import shown_name
from serdsim.units import parse_unit
from serdsim.yaml_file import Field, read_yaml

_WORDS = ("id", "title", "kind", "output", "relative_to", "caption", "description", "metric", "of", "to")
_MAPPINGS = ("x", "y", "window", "inside", "assay")


def check_shapes(path: Path) -> None:
    """Check lists, mappings and words of all figures of an experiment file.

    Raises
    ------
    ClaimError
        For a value of another kind, a band or a mark without its fields, a unit of an axis that is not known.
    """
    figures = read_yaml(path, shown_name(path), ClaimError, "a YAML record").get("figures")
    for figure in () if figures is None else figures.each():
        _check(figure)


def _check(figure: Field) -> None:
    for name, field in figure.items():
        if name == "of" and figure.get("kind") is not None and figure["kind"].value == "surface":
            field.texts(least=2)
        elif name in _WORDS:
            field.text()
        elif name in ("bands", "marks", "levels"):
            field.each()
        elif name == "statements":
            field.texts(least=1)
        elif name in ("x", "y") or (name in _MAPPINGS and field.value is not None):
            list(field.items())
    for axis in (figure.get("x"), figure.get("y")):
        if axis is not None:
            axis.require("label", "unit")
            axis["label"].text()
            if axis.get("most") is not None:
                axis["most"].number()
    marked = figure.get("x") if figure.get("marks") is not None else None
    if marked is not None:
        unit = marked["unit"].text()
        marked["unit"].placed(lambda: parse_unit(unit))
    for name, fields in (("bands", ("series", "label")), ("marks", ("row", "label")), ("levels", ("label", "value"))):
        parts = figure.get(name)
        for part in () if parts is None else parts.each():
            _check_part(part, fields)


def _check_part(part: Field, fields: tuple[str, ...]) -> None:
    part.require(*fields)
    if part.get("value") is not None:
        part["value"].number()
    for name in (*(field for field in fields if field != "value"), "concentration", "dose", "to", "output", "time", "until"):
        value = part.get(name)
        if value is not None:
            value.text()
