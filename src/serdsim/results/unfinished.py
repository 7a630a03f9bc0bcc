"""A run that is not finished yet: resume.json says what is asked, the parts what is done; the last step makes a run of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serdsim.errors import InputError, Issue
from serdsim.results.disk import put
from serdsim.results.parts import Parts
from serdsim.results.run_folder import RESUME
from serdsim.results.run_id import plain
from serdsim.results.run_record import complete_record, record_text

SCHEMA = 1


@dataclass(frozen=True)
class Unfinished:
    """The folder of a run while it is worked on."""

    root: Path
    run: str

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.root / self.run

    @property
    def parts(self) -> Parts:
        """What is done."""
        return Parts(self.folder / "parts")

    def kept(self, marks: Mapping[str, object]) -> set[int]:
        """Return the numbers of the chunks that are done and belong to `marks`; others are taken away."""
        if self.read() != self._said(marks):
            self.clear()
        return self.parts.sound()

    def begin(self, marks: Mapping[str, object]) -> None:
        """Write resume.json; parts come after it, so that none lies about without words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = self.folder / f".{RESUME}.partial"
        made.write_text(record_text(self._said(marks)), encoding="utf-8")
        put(made, self.folder / RESUME)

    def read(self) -> dict[str, Any] | None:
        """Return what resume.json says, None where there is none.

        Raises
        ------
        InputError
            When it cannot be read.
        """
        path = self.folder / RESUME
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise InputError(Issue(f"the run cannot be resumed: {error}", file=str(path), expected="what serdsim wrote there")) from error
        if not isinstance(said, dict) or (said.get("schema"), said.get("run")) != (SCHEMA, self.run):
            raise InputError(Issue("the run cannot be resumed: it is of another run or another schema", file=str(path)))
        return said

    def finish(self, record: Mapping[str, object], write_tables: Callable[[Path], None]) -> None:
        """Write the tables and run.json under their names, then take away what only an unfinished run needs.

        Until run.json is there the run is unfinished, and all of this can be done again.

        Parameters
        ----------
        record : mapping
            Content of run.json; `complete_record` adds what is missing.
        write_tables : callable
            Writes the tables into the folder it is given.
        """
        with self._scratch() as made:
            write_tables(made)
            (made / "run.json").write_text(record_text(complete_record(self.run, record)), encoding="utf-8")
            (self.folder / "tables").mkdir(exist_ok=True)
            for path in sorted(made.iterdir()):
                if path.name != "run.json":
                    put(path, self.folder / "tables" / path.name)
            put(made / "run.json", self.folder / "run.json")
        self.clear()

    def clear(self) -> None:
        """Take away resume.json and the parts."""
        (self.folder / RESUME).unlink(missing_ok=True)
        if self.parts.folder.exists():
            shutil.rmtree(self.parts.folder)
        (self.folder / f".{RESUME}.partial").unlink(missing_ok=True)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """Yield an empty folder, whatever an earlier try has left there."""
        made = self.folder / ".making"
        if made.exists():
            shutil.rmtree(made)
        made.mkdir(parents=True)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _said(self, marks: Mapping[str, object]) -> dict[str, Any]:
        return {"schema": SCHEMA, "run": self.run} | dict(plain(marks, "marks"))
