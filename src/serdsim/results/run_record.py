"""What run.json says about a run besides its answer: versions, machine, time."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from serdsim.engine.instruction_set import instruction_set
from serdsim.results.run_id import plain

_PACKAGES = ("numpy", "scipy", "pandas", "xarray", "duckdb", "scikit-sundae", "python-libsbml", "antimony", "rfc8785", "vl-convert-python")
_KEYS = ("verb", "seed", "model_hash", "plan", "numerics", "inputs", "replay", "status", "citations", "summary")


def complete_record(run: str, record: Mapping[str, object]) -> dict[str, Any]:
    """Return `record` as plain JSON values with every key that run.json has, those not given being null.

    Added where not given: `schema`, `run`, `created` (UTC, no part of the run id), `version`, `versions` and
    `instruction_set`. NaN and infinities become null, since JSON has no word for them.
    """
    given = {key: value for key, value in plain(record, "record", not_finite=True).items() if value is not None}
    standing = {
        "schema": 1,
        "run": run,
        "verb": None,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": serdsim_version(),
        "versions": package_versions(),
        "instruction_set": instruction_set(),
    }
    return standing | dict.fromkeys(_KEYS) | given | {"schema": 1, "run": run}


def record_text(record: Mapping[str, object]) -> str:
    """Return what run.json holds."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def serdsim_version() -> str:
    """Return the version of the installed package, or `unknown` when it is used without being installed."""
    return _version("serdsim") or "unknown"


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = {name: version for name in _PACKAGES if (version := _version(name))}
    return {"python": platform.python_version()} | found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
