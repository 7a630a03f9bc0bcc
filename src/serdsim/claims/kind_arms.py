"""Which arms each kind of measure names, and how it reads them."""

from __future__ import annotations

from serdsim.claims.course_fields import COURSE_ARMS

ARMS = {
    "ratio": ("of", "to"),
    "relative_ratio": ("of", "of_vehicle", "to", "to_vehicle"),
    "difference": ("of", "to"),
    "window": ("of", "low", "high"),
    "level": ("of",),
    "half_life": ("of",),
    "later": ("of",),
    "gr": ("of", "to"),
    "gr_difference": ("of", "to"),
    "gr50": ("of",),
    "gr50_ratio": ("of", "to"),
    "gr_aoc": ("of",),
    "dc50": ("of",),
    "dc50_ratio": ("of", "to"),
    "ec50": ("of",),
    "ec50_ratio": ("of", "to"),
    "ic50": ("of",),
    "ic50_ratio": ("of", "to"),
    "excess": ("of",),  # of two drugs: what it names beside is said by matrix_fields.py
    **COURSE_ARMS,
}
WHOLE = frozenset(kind for kind in ARMS if kind.startswith(("gr50", "gr_aoc", "dc50", "ec50", "ic50")))
FROM_START = frozenset(
    {"later", "gr", "gr_difference", *COURSE_ARMS} - {"change"}
)  # their arms carry no time: they read from 0 h to the measure's time
RATIOS = frozenset({"ratio", *(kind for kind in ARMS if kind.endswith("_ratio"))})
