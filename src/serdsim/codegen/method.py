"""Methods of integration as data: coefficients with their source, one file each in `methods/`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from serdsim.errors import InputError, Issue

_FOLDER = Path(__file__).parent / "methods"
Row = tuple[float, ...]


@dataclass(frozen=True)
class Method:
    """A one-step method with an embedded error estimate and dense output.

    Stage i is taken at time ``t + alpha[i] h`` and state ``y + sum a[i][j] u[j]``. A Rosenbrock method solves
    ``(1/(h gamma) - J) u[i] = f + sum c[i][j]/h u[j] + h d[i] df/dt``, an explicit one takes ``u[i] = h f``. The step ends at
    ``y + sum m[j] u[j]`` with the error ``sum e[j] u[j]``; within it
    ``y(x) = (1-x) y0 + x (y1 + (1-x) (k0 + x (k1 + x k2)))`` with ``k[q] = sum dense[q][j] u[j]``.
    """

    title: str
    source: str
    doi: str
    kind: str
    order: int
    embedded_order: int
    gamma: float
    a: tuple[Row, ...]
    c: tuple[Row, ...]
    alpha: Row
    d: Row
    m: Row
    e: Row
    dense: tuple[Row, ...]
    note: str

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.m)

    @property
    def implicit(self) -> bool:
        """Whether each stage solves a linear system."""
        return self.kind == "rosenbrock"


def methods() -> tuple[str, ...]:
    """Return the names of all methods."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@lru_cache(maxsize=8)
def read_method(name: str) -> Method:
    """Return a method by its name.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if name not in methods():
        raise InputError(Issue(f'there is no method "{name}"', expected=", ".join(methods())))
    raw: dict[str, Any] = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    tables = ("a", "c", "dense")
    frozen = {key: tuple(map(tuple, value)) if key in tables else tuple(value) for key, value in raw.items() if isinstance(value, list)}
    return Method(**{**raw, **frozen})
