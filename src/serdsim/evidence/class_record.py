"""The class prior in run.json: plain JSON values, with what is not reached as null."""

from __future__ import annotations

import math
from dataclasses import asdict

from serdsim.analysis.leave_one_out import ClassSection


def class_record(section: ClassSection) -> dict[str, object]:
    """Return the members, the counts, every prediction and the predicted rows."""
    return {
        "members": list(section.members),
        "inside_90": section.summary,
        "inside_50": section.near,
        "draws": section.draws,
        "seed": section.seed,
        "left_out": [{key: _json(value) for key, value in asdict(one).items()} for one in section.outcomes],
        "rows": [
            {"id": row.id, "value": row.value, "distribution": row.distribution, "prior": row.prior, "members": list(row.members)}
            for row in section.rows
        ],
    }


def _json(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
