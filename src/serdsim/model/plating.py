"""What is counted anew after the pre-run: the cells of a dish, or the clones of a tumour."""

from __future__ import annotations

from dataclasses import dataclass

from serdsim.yaml_file import Field


@dataclass(frozen=True)
class Plating:
    """After the pre-run the states `cells` are scaled so that they sum up to the quantity `count`, and `cleared` are emptied.

    With `shares`, a quantity for each group of `groups`, each group sums up to its own share of what the groups before it leave of the
    count; "rest", which comes last, is all that they leave. So no shares between 0 and 1 make more than the count.
    """

    cells: tuple[str, ...]
    count: str
    cleared: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    shares: tuple[str, ...] = ()


def read_plating(record: Field | None) -> Plating | None:
    """Return what a recipe says of plating, None where it says nothing.

    Raises
    ------
    ModelError
        For fields that are missing or no lists of names, and for a rest that is not the last.
    """
    if record is None:
        return None
    groups = record.get("groups")
    if groups is None:
        record.require("cells", "count", "cleared", example={"cells": "[g1]", "count": "n_cells", "cleared": "[dead]"})
        return Plating(record["cells"].texts(least=1), record["count"].text(), record["cleared"].texts())
    record.require("count", "cleared", example={"count": "n_cells", "cleared": "[dead]"})
    every = groups.each(least=1)
    for group in every:
        group.require("cells", "share", example={"cells": "[g1_c1]", "share": "share_c1"})
    cells, shares = tuple(group["cells"].texts(least=1) for group in every), tuple(group["share"].text() for group in every)
    if "rest" in shares[:-1]:
        field = every[shares.index("rest")]["share"]
        raise field.wrong("the share rest is not the last", "rest in the last group", "Move the group to the end of the list")
    flat = tuple(id for group in cells for id in group)
    return Plating(flat, record["count"].text(), record["cleared"].texts(), cells, shares)
