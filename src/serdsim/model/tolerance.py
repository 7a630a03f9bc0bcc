"""How exactly a model is run where its recipe says so: a model whose numbers are known to a few digits needs no more of the engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Relative and absolute tolerance (in concentration, or in the own unit of other states); None leaves it to the engine."""

    rtol: float | None = None
    atol: float | None = None

    @property
    def said(self) -> dict[str, float]:
        """What the recipe says, for the plan of a run; nothing where it leaves both to the engine."""
        return {name: value for name, value in (("rtol", self.rtol), ("atol", self.atol)) if value is not None}


OF_ENGINE = Tolerance()  # nothing said
