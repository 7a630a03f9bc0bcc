"""What stands on the page beside the statements: exposures, the ladder of free drug, window trials."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from serdsim.analysis.exposure import ExposureSection, exposure_section
from serdsim.analysis.ladder import Ladder, ladder_section, ladder_table
from serdsim.analysis.window import WindowSection, public, window_section, window_sources
from serdsim.evidence.tables import exposure_tables
from serdsim.evidence.window_tables import window_record, window_tables
from serdsim.references import Reference


@dataclass(frozen=True)
class Beside:
    """The sections; None for each that the library does not have, or that nobody asked for."""

    exposures: ExposureSection | None = None
    ladder: Ladder | None = None
    window: WindowSection | None = None

    def only(self, sections: Collection[str]) -> Beside:
        """Return those whose names are among `sections`."""
        kept = ((name, getattr(self, name)) for name in ("exposures", "ladder", "window"))
        return Beside(**{name: part for name, part in kept if name in sections})

    @property
    def rests_on(self) -> dict[str, object]:
        """Digests of what each section was made from, for the plan."""
        found: dict[str, object] = {"exposures": dict(self.exposures.rests_on)} if self.exposures else {}
        found |= {"ladder": dict(self.ladder.rests_on)} if self.ladder else {}
        return found | ({"window": self.window.rests_on} if self.window else {})

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of the references that observed values come from."""
        exposures = (key for one in (self.exposures.compared if self.exposures else ()) for key in one.exposure.source)
        return (*exposures, *(window_sources(self.window) if self.window else ()))

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables of the run folder by name."""
        found = dict(exposure_tables(self.exposures.compared if self.exposures else ()))
        found |= {"ladder": ladder_table(self.ladder)} if self.ladder else {}
        return found | (window_tables(self.window) if self.window else {})

    @property
    def record(self) -> dict[str, object]:
        """What run.json says."""
        return {"window": window_record(self.window)} if self.window else {}


def beside_statements(root: Path, year: int, references: Mapping[str, Reference], workers: int | None, sections: Collection[str]) -> Beside:
    """Return those sections of a library that are asked for, with no observation that was published after `year`."""
    window = window_section(root, workers=workers) if "window" in sections else None
    return Beside(
        exposure_section(root, year) if "exposures" in sections else None,
        ladder_section(root, workers) if "ladder" in sections else None,
        None if window is None else public(window, references, year),
    )
