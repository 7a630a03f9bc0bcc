"""A library with one tiny model whose parameters have distributions, engines made up by hand, and the command line as a process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.engine.engines import REFERENCE, Engine
from serdsim.engine.plan import Arrays, Plan

MODEL = """
  unit time_unit = 3600 second; unit substance = 1e-9 mole; unit volume = litre; unit extent = 1e-9 mole;
  unit per_h = 1/(3600 second); unit nM = 1e-9 mole/litre;
  compartment dish; dish has volume; species A in dish, B in dish; A has nM; B has nM; k has per_h; m has per_h;
  turn: A -> B; dish*k*A;
  loss: B -> ; dish*m*B;
"""
RECIPE = """id: tiny
title: a drug that turns into another and is lost
fragments: [tiny]
fragment_folder: tiny
tables:
  - {table: parameters.tsv}
defaults: {drug: any}
outputs: [A, B]
doses: {"@drug": A}
pre_run_h: %s
"""
COLUMNS = "id value unit distribution iiv lower upper prior grade source locator species assay note".split()
ROWS = (("dish", "1", "L", ""), ("A", "0", "nM", ""), ("B", "1", "nM", "0.2"), ("k", "0.5", "1/h", "0.3"), ("m", "0.1", "1/h", "0.3"))


def table() -> str:
    lines = [COLUMNS]
    for id, value, unit, prior in ROWS:
        cells = dict.fromkeys(COLUMNS, "") | {"id": id, "value": value, "unit": unit, "prior": prior, "grade": "assumption"}
        lines.append(list((cells | {"distribution": "lognormal" if prior else "fixed", "source": "None2000", "note": "made up"}).values()))
    return "".join("\t".join(cells) + "\n" for cells in lines)


def tiny_library(folder: Path, pre_run: float = 2.0) -> Path:
    """Write a library with the one model `tiny`."""
    library = folder / "library"
    (library / "models" / "tiny").mkdir(parents=True)
    (library / "models" / "tiny.yaml").write_text(RECIPE % pre_run)
    (library / "models" / "tiny" / "tiny.ant").write_text(MODEL)
    (library / "parameters.tsv").write_text(table())
    drug = ["any", "x", "1", "1", "fixed", *[""] * 3, "", "assumption", "None2000", *[""] * 3, "made up"]
    (library / "drugs.tsv").write_text("\t".join(["drug", *COLUMNS]) + "\n" + "\t".join(drug) + "\n")
    (library / "references.bib").write_text("@misc{None2000, author = {Nobody, N.}, title = {Nothing}, year = {2000}, note = {no DOI}}\n")
    return library


def made_up(_: Any, plan: Plan) -> Arrays:
    """Return numbers that depend on each individual's own parameters, as quickly as they can be had."""
    shape = (len(plan.outputs), len(plan.times), plan.individuals)
    own = plan.given.sum(axis=0)
    values = np.empty(shape)
    for i in range(shape[0]):
        values[i] = (i + 1.0) * own + np.sin(plan.times)[:, None]
    return Arrays(values, np.full(shape[2], "ok", dtype=object), ("",) * shape[2], np.zeros((2, shape[2])), np.zeros(shape[2], int))


def nothing_to_build(equations: Equations) -> Equations:
    return equations


FAKE = Engine("made-up-1", nothing_to_build, made_up, "threads", 4096, 1e-6)
THREADS = replace(REFERENCE, pool="threads", chunk=3)


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table of a run."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "tables").iterdir())}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "serdsim.cli", *words]


def started(cwd: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*words), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)


def until(there: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60.0) -> None:
    """Wait for something that a running process does."""
    end = time.monotonic() + seconds
    while not there():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never came"
        time.sleep(0.002)
