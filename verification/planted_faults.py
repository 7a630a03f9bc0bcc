"""Plant faults in copies of the library and print every verdict that they change.

    python verification/planted_faults.py                 # all faults, the main question
    python verification/planted_faults.py all             # all questions (minutes)
    python verification/planted_faults.py moa --fault swapped_genotype

The faults stand in planted_faults.yaml beside this file.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from serdsim.claims.records import Outcome
from serdsim.evidence.answer import build_answer
from serdsim.model.recipe import shipped_library

FAULTS = Path(__file__).with_suffix(".yaml")


def faults() -> list[dict[str, Any]]:
    """Return the faults."""
    found: list[dict[str, Any]] = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))
    return found


def planted(fault: dict[str, Any], folder: Path) -> Path:
    """Return a copy of the shipped library with a fault in it."""
    library = Path(shutil.copytree(shipped_library(), folder / fault["id"]))
    if "replace" in fault:
        _change(library / fault["replace"]["file"], fault["replace"]["old"], fault["replace"]["new"])
    if "swap" in fault:
        one, other = fault["swap"]
        for path in sorted((library / "experiments").glob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            path.write_text(other.join(part.replace(other, one) for part in text.split(one)), encoding="utf-8")
    if "multiply" in fault:
        _multiply(library / fault["multiply"]["table"], fault["multiply"]["row"], float(fault["multiply"]["by"]))
    return library


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path.name, old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")


def _multiply(path: Path, row: list[str], by: float) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.split("\t")[: len(row)] == row]
    cells = lines[at].split("\t")
    cells[len(row)] = f"{by * float(cells[len(row)]):.10g}"
    path.write_text("\n".join([*lines[:at], "\t".join(cells), *lines[at + 1 :]]) + "\n", encoding="utf-8")


def outcomes(question: str = "moa", *, library: Path, only: list[str] | None = None) -> dict[str, Outcome]:
    """Return the outcomes of the tested statements of a question by id."""
    found = build_answer(question, library=library, only=only).answer.outcomes
    return {outcome.statement.id: outcome for outcome in found if outcome.state == "tested"}


def main() -> None:
    """Print which verdicts each fault changes."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("question", nargs="?", default="moa")
    words.add_argument("--fault", action="append", default=[])
    asked = words.parse_args()
    sound = outcomes(asked.question, library=shipped_library())
    with tempfile.TemporaryDirectory() as folder:
        for fault in faults():
            if asked.fault and fault["id"] not in asked.fault:
                continue
            print(f"\n{fault['id']}: {fault['what']}")
            for id, outcome in outcomes(asked.question, library=planted(fault, Path(folder))).items():
                before = sound[id]
                mark = "*" if outcome.verdict != before.verdict else " "
                print(f"{mark} {id:8s} {before.p_pass:5.2f} {before.verdict:32s} -> {outcome.p_pass:5.2f} {outcome.verdict}")


if __name__ == "__main__":
    main()
