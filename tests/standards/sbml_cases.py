"""One case of the SBML semantic suite: read, refuse by name, run, compare by the suite's own rule."""

from __future__ import annotations

import csv
import signal
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import build
from serdsim.codegen.rates import means_concentration
from serdsim.engine.native import CANCEL, run_native, supported
from serdsim.engine.plan import Arrays, Plan
from serdsim.engine.reference import run
from serdsim.errors import SerdsimError
from serdsim.model.compatibility import require_supported
from serdsim.model.entities import Model
from serdsim.model.sbml import read_sbml

SECONDS = 30
Engine = Callable[[Plan], Arrays]


@dataclass(frozen=True)
class Verdict:
    """`outcome` is pass, refused, wrong or hang; `words` say why."""

    case: str
    outcome: str
    words: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    times: tuple[float, ...]
    variables: tuple[str, ...]
    absolute: float
    relative: float
    amounts: frozenset[str]
    concentrations: frozenset[str]


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Return the folders of the cases, unpacked."""
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    return sorted(folder.glob("*/model.xml"))


def judge(model_file: Path, *, rtol: float = 1e-8, atol: float = 1e-12, compiled: bool = False) -> Verdict:
    """Return what came of a case on the reference engine, or on the compiled one, which refuses what it does not know."""
    folder = model_file.parent
    tags = _tags(folder / "tags.txt")
    try:
        with _within(SECONDS):
            model = read_sbml(model_file, flatten=True)
            require_supported(model)
            equations = derive(model)
            if compiled and not supported(equations):
                raise SerdsimError("not supported by the compiled engine")
    except SerdsimError as error:
        return Verdict(folder.name, "refused", str(error), tags)
    except _TooLongError:
        return Verdict(folder.name, "hang", "while reading", tags)
    try:
        with _within(SECONDS):
            engine = partial(_run_compiled, equations) if compiled else partial(run, build(equations))
            words = _compare(model, equations, engine, _settings(folder / "settings.txt"), folder / "results.csv", rtol, atol)
    except _TooLongError:
        return Verdict(folder.name, "hang", "while running", tags)
    except Exception as error:
        return Verdict(folder.name, "wrong", f"{type(error).__name__}: {error}", tags)
    return Verdict(folder.name, "wrong" if words else "pass", words, tags)


def nominal(model: Model, ids: tuple[str, ...]) -> np.ndarray:
    """Return the values of the file; NaN where it gives none."""
    references = {p.id: p.stoichiometry for r in model.reactions.values() for p in (*r.reactants, *r.products) if p.id}
    tables = (model.parameters, model.species, model.compartments)
    values = [next((t[id].value for t in tables if id in t), references.get(id)) for id in ids]
    return np.array([[np.nan if value is None else value] for value in values], float).reshape(len(ids), 1)


def _compare(model: Model, equations: Equations, engine: Engine, settings: Settings, results: Path, rtol: float, atol: float) -> str:
    outputs = tuple(
        dict.fromkeys([*settings.variables, *(model.species[id].compartment for id in settings.variables if id in model.species)])
    )
    plan = Plan(nominal(model, equations.given), settings.times, outputs, rtol=rtol, atol=atol)
    arrays = engine(plan)
    if arrays.status[0] != "ok":
        return f"{arrays.status[0]}: {arrays.message[0]}"
    found = {id: arrays.values[i, :, 0] for i, id in enumerate(outputs)}
    with results.open() as file:
        rows = list(csv.reader(file))
    names = [name.strip() for name in rows[0][1:]]
    expected = np.array([[float(cell) for cell in row] for row in rows[1:] if row])
    worst = []
    for column, id in enumerate(names, start=1):
        got, want = _column(model, settings, found, id), expected[:, column]
        with np.errstate(invalid="ignore"):
            close = np.abs(got - want) <= settings.absolute + settings.relative * np.abs(want)
        good = close | (np.isnan(got) & np.isnan(want)) | (got == want)
        if not np.all(good):
            i = int(np.argmin(good))
            worst.append(f"{id} at {settings.times[i]:g}: {got[i]!r}, expected {want[i]!r}")
    return "; ".join(worst)


def _column(model: Model, settings: Settings, found: dict[str, np.ndarray], id: str) -> np.ndarray:
    species = model.species.get(id)
    if species is None:
        return found[id]
    holds_amount = not means_concentration(model, id)
    size = found[species.compartment]
    if id in settings.amounts and not holds_amount:
        return np.asarray(found[id] * size)
    if id in settings.concentrations and species.only_amount:
        return np.asarray(found[id] / size)
    return found[id]


def _settings(file: Path) -> Settings:
    entries = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
    entry = {key.strip(): value.strip() for key, value in entries.items()}

    def words(key: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in entry.get(key, "").split(",") if word.strip())

    start, duration, steps = float(entry["start"] or 0), float(entry["duration"]), int(entry["steps"])
    return Settings(
        times=tuple(start + duration * i / steps for i in range(steps + 1)),
        variables=words("variables"),
        absolute=float(entry["absolute"]),
        relative=float(entry["relative"]),
        amounts=frozenset(words("amount")),
        concentrations=frozenset(words("concentration")),
    )


def _tags(file: Path) -> tuple[str, ...]:
    entries = dict(line.split(":", 1) for line in file.read_text().splitlines() if ":" in line)
    return tuple(sorted({t.strip() for key in ("componentTags", "testTags") for t in entries.get(key, "").split(",") if t.strip()}))


class _TooLongError(Exception):
    pass


def _run_compiled(equations: Equations, plan: Plan) -> Arrays:
    """Return what the compiled engine gives within the time; no signal reaches Python while it runs, so that a thread stops it."""
    clock = threading.Timer(SECONDS, lambda: setattr(CANCEL, "value", 1))
    clock.start()
    try:
        arrays = run_native(equations, plan)
    finally:
        clock.cancel()
        CANCEL.value = 0
    if arrays.status[0] == "cancelled":
        raise _TooLongError
    return arrays


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # processor time, so that a busy machine makes no hang
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
