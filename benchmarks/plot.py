"""The work–precision plot: one panel per problem, as SVG."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from benchmarks.rounds import Row

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#666666")
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")


def points(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return what is drawn: rows with a finite error and a speed."""
    drawn = [row for row in rows if row.speeds and math.isfinite(row.errors.median) and row.errors.median > 0.0]
    looks = {"problem": "problem", "tool": "tool", "variant": "series"}
    return [{key: getattr(row, name) for name, key in looks.items()} | {"error": row.errors.median, "speed": row.speed} for row in drawn]


def specification(rows: Sequence[Row]) -> dict[str, object]:
    """Return the Vega-Lite specification of the plot."""
    tools = list(dict.fromkeys(row.tool for row in rows if row.speeds))
    looks = {"domain": tools, "range": list(_COLOURS[: len(tools)])}
    shapes = {"domain": tools, "range": list(_SHAPES[: len(tools)])}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "data": {"values": points(rows)},
        "facet": {"field": "problem", "type": "nominal", "title": None},
        "columns": 3,
        "spec": {
            "width": 240,
            "height": 200,
            "mark": {"type": "line", "point": {"filled": True, "size": 45}},
            "encoding": {
                "x": {"field": "error", "type": "quantitative", "scale": {"type": "log"}, "sort": "descending", "title": "median error",
                      "axis": {"format": ".0e", "tickCount": 5}},
                "y": {"field": "speed", "type": "quantitative", "scale": {"type": "log"}, "title": "individuals per second, one core",
                      "axis": {"format": "~s", "tickCount": 5}},
                "color": {"field": "tool", "type": "nominal", "scale": looks, "title": None},
                "shape": {"field": "tool", "type": "nominal", "scale": shapes, "title": None},
                "detail": {"field": "series"},
                "order": {"field": "error"},
            },
        },
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }  # fmt: skip


def svg(rows: Sequence[Row]) -> str:
    """Return the plot."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.dumps(specification(rows))))
