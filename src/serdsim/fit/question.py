"""What a search from many starts is asked: its id, its command line, and what a run that goes on later must know."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from serdsim.engine.engines import NATIVE, REFERENCE
from serdsim.fit.course import Settings
from serdsim.fit.gradient import SETTINGS
from serdsim.fit.minimise import Settings as Descending
from serdsim.fit.problem import Problem
from serdsim.fit.search import identity
from serdsim.results.run_id import run_id

NUMERICS = f"{NATIVE.numerics}+{REFERENCE.numerics}"  # which of them serves a model follows from the model


@dataclass(frozen=True)
class Question:
    """A fit as it was asked for.

    Attributes
    ----------
    name : str
        The problem as it was named: a shipped one, or a path.
    file : Path
        Its YAML file.
    library : Path, optional
        Another library than the shipped one.
    """

    name: str
    file: Path
    problem: Problem
    starts: int
    seed: int
    descending: Descending
    settings: Settings = SETTINGS
    library: Path | None = None

    @property
    def model_hash(self) -> str:
        """Hash of the text of the model."""
        return hashlib.sha256(self.problem.model_text.encode()).hexdigest()

    @property
    def plan(self) -> dict[str, object]:
        """All that the result rests on beside model, seed and numerics; no path and no number of workers."""
        shown = repr((dict(self.problem.sources), dict(self.problem.rows)))
        return {
            "problem": identity(self.problem, self.settings),
            "name": self.problem.name,
            "shown": hashlib.sha256(shown.encode()).hexdigest()[:16],
            "starts": self.starts,
            "descending": asdict(self.descending),
            "tolerances": asdict(self.settings),
        }

    @property
    def run(self) -> str:
        """The run id."""
        return run_id(self.model_hash, self.plan, self.seed, NUMERICS)

    @property
    def command(self) -> str:
        """The command line that asks the same."""
        words = ["serdsim", "fit", self.name, "--starts", str(self.starts), "--seed", str(self.seed)]
        words += ["--optimiser", self.descending.optimiser]
        return shlex.join([*words, *(["--library", str(self.library)] if self.library else [])])

    @property
    def marks(self) -> dict[str, object]:
        """What resume.json holds: the options, with paths that do not rest on where the command was given."""
        shipped = Path(self.name).suffix == "" and not Path(self.name).exists()
        asked = {
            "problem": self.name if shipped else str(self.file.absolute()),
            "starts": self.starts,
            "seed": self.seed,
            "optimiser": self.descending.optimiser,
            "library": str(self.library.absolute()) if self.library else None,
        }
        return {"verb": "fit", "asked": asked}
