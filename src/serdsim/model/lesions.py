"""Lesions of one patient: which numbers of a model make one, as its recipe says it."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.yaml_file import Field

_EXAMPLE = {"count": "n_cells", "in_brain": "in_brain", "cell_volume": "v_cell", "cell_share": "cell_share", "diameter": "tumour_diameter"}


@dataclass(frozen=True)
class LesionNumbers:
    """The numbers of a model that differ between lesions, and those that turn a diameter into a number of cells.

    Attributes
    ----------
    count : str
        Cells at the start of treatment.
    in_brain : str
        1 for a lesion inside the skull.
    cell_volume, cell_share : str
        Volume of a cell, and the share of a lesion that is cells.
    diameter : str
        The output whose sum over lesions is that of RECIST.
    """

    count: str
    in_brain: str
    cell_volume: str
    cell_share: str
    diameter: str


def read_lesions(record: Field | None) -> LesionNumbers | None:
    """Return what the recipe of a model says of lesions, None for a model that has one at most."""
    if record is None:
        return None
    record.require(*_EXAMPLE, example=_EXAMPLE)
    return LesionNumbers(**{name: record[name].text() for name in _EXAMPLE})
