"""The exposure-margin ladder: free drug of a host over the free concentration that stops transcription in a dish at the same oestradiol."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from serdsim.analysis.ladder_file import FILE, DishAssay, LadderFile, Usual, read_ladder
from serdsim.codegen.equations import Equations, derive
from serdsim.dosing.regimen import format_regimen
from serdsim.engine.ensemble import run_ensemble, run_job
from serdsim.engine.plan import Arrays, Plan, Schedule
from serdsim.errors import InputError, Issue
from serdsim.model.digest import model_digest
from serdsim.model.library import load
from serdsim.simulation.draws import Draws, given_values
from serdsim.simulation.host_times import ends
from serdsim.simulation.prepared import prepare

DISH = "cell"
_TOLERANCE = 1e-5
_WIDE_MEDIUM = 1000  # litres: what cells bind is nothing beside it, so that free concentrations stay as they are set
_DECADES = (-1, 0, 1, 2, 3, 4)  # of the affinity, among which the level falls to the one looked for
_BETWEEN = (0.25, 0.5, 0.75)  # of the decade in which it does

Run = Callable[[Plan], Arrays]


@dataclass(frozen=True)
class Seen:
    """Free drug of a host over its last dosing interval, and free oestradiol of its tumour [nM], each of shape (draw,)."""

    usual: Usual
    interval: float
    lowest: np.ndarray
    mean: np.ndarray
    highest: np.ndarray
    estradiol: np.ndarray


@dataclass(frozen=True)
class Rung:
    """A drug in a host against a genotype.

    Attributes
    ----------
    seen : Seen
    genotype : str
    needed : ndarray, shape (draw,)
        Free concentration in the dish [nM]; infinite where the level is not reached.
    """

    seen: Seen
    genotype: str
    needed: np.ndarray

    def margin(self, what: str) -> np.ndarray:
        """Return free drug over what is needed, shape (draw,); `what` is ``lowest``, ``mean`` or ``highest``; 0 where it is not reached."""
        return np.asarray(getattr(self.seen, what) / self.needed)

    @property
    def unreached(self) -> float:
        """Share of the draws in which no concentration is enough."""
        return float(np.mean(np.isinf(self.needed)))


@dataclass(frozen=True)
class Ladder:
    """All rungs, drug by drug, and what they were made from."""

    file: LadderFile
    rungs: tuple[Rung, ...]
    rests_on: Mapping[str, str]


def ladder_section(library: Path, workers: int | None = None) -> Ladder | None:
    """Return the ladder of a library, None for one without the file."""
    file = read_ladder(library)
    return None if file is None else ladder(file, library, workers)


def ladder(file: LadderFile, library: Path, workers: int | None = None) -> Ladder:
    """Return the ladder of a library.

    The draws of host and dish are those of the same rows: affinity, free fraction and oestradiol go together.

    Raises
    ------
    InputError
        For a drug, genotype or output that a model does not have, and for individuals that cannot be computed.
    """
    seen = [_seen(usual, file, library, workers) for usual in file.regimens]
    equations = derive(load(DISH, library=library))
    pairs = [(one, genotype) for one in seen for genotype in file.genotypes]
    blocks = [_block(one, genotype, file, equations, library) for one, genotype in pairs]
    found = free_needed(equations, np.concatenate(blocks, axis=1), file.assay, partial(run_ensemble, equations, workers=workers))
    needed = found.reshape(len(pairs), file.draws)
    rungs = [Rung(one, genotype, values) for (one, genotype), values in zip(pairs, needed, strict=True)]
    order = {drug: i for i, drug in enumerate(dict.fromkeys(usual.drug for usual in file.regimens))}
    place = {genotype: i for i, genotype in enumerate(file.genotypes)}
    inside = tuple(sorted(rungs, key=lambda one: (order[one.seen.usual.drug], place[one.genotype])))
    return Ladder(file, inside, _rests_on(inside, file, library))


def _rests_on(rungs: Sequence[Rung], file: LadderFile, library: Path) -> dict[str, str]:
    """Return digests of the file and of each model behind the ladder."""
    found = {FILE: hashlib.sha256((library / FILE).read_bytes()).hexdigest()}
    for rung in rungs:
        usual = rung.seen.usual
        host, dish = f"{usual.host.model} {usual.drug}", f"{DISH} {usual.drug} {rung.genotype} {file.assay.cell_line}"
        if host not in found:
            found[host] = model_digest(load(usual.host.model, library=library, drug=usual.drug))
        if dish not in found:
            select = {"drug": usual.drug, "genotype": rung.genotype, "cell_line": file.assay.cell_line}
            found[dish] = model_digest(load(DISH, library=library, **select))
    return found


def _seen(usual: Usual, file: LadderFile, library: Path, workers: int | None) -> Seen:
    host = usual.host
    ready = prepare(host.model, usual.regimen, draws=file.draws, seed=file.seed, outputs=[host.free, host.estradiol], library=library)
    arrays = run_job(ready.job, workers=workers)
    if np.any(arrays.status != "ok"):
        words = next(text for text in arrays.message if text)
        raise InputError(Issue(f"{format_regimen(usual.regimen)}: {words}", file=host.model, expected="a run that ends well"))
    start, end = ends(ready.doses, usual.drug, float(ready.times[-1]))[-1]
    last = (ready.times >= start) & (ready.times <= end)
    times, free = ready.times[last], arrays.values[0, last]
    mean = np.trapezoid(free, times, axis=0) / (end - start)
    return Seen(usual, end - start, free.min(axis=0), mean, free.max(axis=0), arrays.values[1, 0])


def _block(seen: Seen, genotype: str, file: LadderFile, equations: Equations, library: Path) -> np.ndarray:
    """Return the numbers of a dish with free concentrations and the oestradiol of the host, shape (given, draw)."""
    model = load(DISH, library=library, drug=seen.usual.drug, genotype=genotype, cell_line=file.assay.cell_line)
    values = given_values(model, equations.given, Draws(file.draws, file.seed))
    free: Mapping[str, object] = {"fu_plasma_drug": 1.0, "fu_plasma_E2": 1.0, "medium": _WIDE_MEDIUM, "E2_medium": seen.estradiol}
    for id, value in free.items():
        values[equations.given.index(id)] = value
    return values


def free_needed(equations: Equations, given: np.ndarray, assay: DishAssay, run: Run) -> np.ndarray:
    """Return the free concentration of the drug at which the output falls to the share of vehicle [nM], shape (individual,).

    It is looked for among decades of the affinity, then inside the decade. Infinite where even the highest does not do, NaN for an
    individual that failed.

    Parameters
    ----------
    equations : Equations
        Of the dish.
    given : ndarray, shape (given, individual)
        With free concentrations: nothing is bound in the medium.
    assay : DishAssay
    run : callable
        Plan -> Arrays.
    """
    before = run(Plan(given, np.array([assay.pre_run]), (), rtol=_TOLERANCE))
    start = np.where(before.status == "ok", before.final, np.nan)
    level = partial(_level, equations, given, start, assay, run)
    affinity = given[equations.given.index("Kd_drug")]
    coarse = affinity * 10.0 ** np.array([[-np.inf], *[[decade] for decade in _DECADES]])
    vehicle, *levels = level(coarse)
    shares = np.array(levels) / vehicle
    low, high, inside = _bracket(coarse[1:], shares, assay.left)
    fine = low * (high / low) ** np.array(_BETWEEN)[:, None]
    ends_of = [_at(coarse[1:], shares, bound) for bound in (low, high)]
    between = level(np.where(inside, fine, coarse[1])) / vehicle
    concentrations, found = np.vstack([low, fine, high]), np.vstack([ends_of[0], between, ends_of[1]])
    result = crossing(concentrations, found, assay.left)
    never, always = np.all(shares > assay.left, axis=0), shares[0] <= assay.left
    whole = np.all(np.isfinite(shares), axis=0) & np.isfinite(vehicle)
    return np.asarray(np.where(whole, np.where(never, np.inf, np.where(always, coarse[1], result)), np.nan))


def _level(equations: Equations, given: np.ndarray, start: np.ndarray, assay: DishAssay, run: Run, drug: np.ndarray) -> np.ndarray:
    """Return the output at concentrations of the drug, shape of `drug`: (concentration, individual)."""
    steps = len(drug)
    schedule = Schedule.shared((0.0,), ("set",), ("drug_medium",), drug.reshape(1, -1))
    plan = Plan(np.tile(given, steps), np.array([assay.hours]), (assay.output,), np.tile(start, steps), schedule, rtol=_TOLERANCE)
    return np.asarray(run(plan).values[0, 0].reshape(drug.shape))


def _bracket(concentrations: np.ndarray, shares: np.ndarray, left: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the neighbours between which the share first falls to `left`, and where there are such; elsewhere the first two."""
    falls = (shares[:-1] > left) & (shares[1:] <= left)
    inside, first = np.any(falls, axis=0), np.argmax(falls, axis=0)
    who = np.arange(shares.shape[1])
    return concentrations[first, who], concentrations[first + 1, who], inside


def _at(concentrations: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.asarray(shares[np.argmin(np.abs(np.log(concentrations / wanted)), axis=0), np.arange(shares.shape[1])])


def crossing(concentrations: np.ndarray, shares: np.ndarray, left: float) -> np.ndarray:
    """Return where shares first fall to `left`, by straight lines between logarithms, shape (individual,); NaN where they do not.

    Parameters
    ----------
    concentrations, shares : ndarray, shape (concentration, individual)
        Rising concentrations.
    """
    low, high, inside = _bracket(concentrations, shares, left)
    above, below = (np.log(_at(concentrations, shares, bound)) for bound in (low, high))
    with np.errstate(invalid="ignore", divide="ignore"):
        part = (above - np.log(left)) / (above - below)
    return np.asarray(np.where(inside, low * (high / low) ** part, np.nan))


def ladder_table(found: Ladder) -> pd.DataFrame:
    """Return one row for each rung: free drug, oestradiol, what is needed and the margins, medians with central 90 %."""
    return pd.DataFrame([dict(_row(rung)) for rung in found.rungs])


def _row(rung: Rung) -> Iterator[tuple[str, object]]:
    usual = rung.seen.usual
    yield from (("host", usual.host.title), ("drug", usual.drug), ("genotype", rung.genotype), ("regimen", format_regimen(usual.regimen)))
    yield from (("regimen_assumed", usual.assumed), ("interval_h", rung.seen.interval), ("draws", len(rung.needed)))
    yield from _three("free_estradiol_nM", rung.seen.estradiol)
    yield from _three("needed_nM", rung.needed)
    for what in ("lowest", "mean", "highest"):
        yield from _three(f"free_{what}_nM", getattr(rung.seen, what))
        yield from _three(f"margin_{what}", rung.margin(what))
    yield "share_not_reached", rung.unreached


def _three(name: str, values: np.ndarray) -> Sequence[tuple[str, object]]:
    low, middle, high = interval(values)
    return ((f"{name}", middle), (f"{name}_lo90", low), (f"{name}_hi90", high))


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the 5 %, 50 % and 95 % quantiles of draws that ended well; infinities count as such."""
    known = np.sort(values[~np.isnan(values)])
    low, middle, high = (float(np.quantile(known, share, method="nearest")) for share in (0.05, 0.5, 0.95))
    return low, middle, high
