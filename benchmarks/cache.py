"""Where references and compiled models are kept between runs: outside the repository."""

from __future__ import annotations

import os
from pathlib import Path


def folder(*names: str) -> Path:
    """Return a folder of the cache, made when it is not there; SERDSIM_BENCH_CACHE moves the cache."""
    base = os.environ.get("SERDSIM_BENCH_CACHE")
    home = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "serdsim-benchmarks"
    path = home.joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path
