"""Two drugs together in a dish, predicted from what each does alone: the matrix, four null models, and what patients reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from serdsim.claims.matrix_kinds import effects_of
from serdsim.claims.measures import Measure
from serdsim.endpoints.synergy import NULL_MODELS, TITLES, excess
from serdsim.engine.engines import NATIVE
from serdsim.engine.ensemble import Progress
from serdsim.errors import InputError, Issue, ModelError
from serdsim.experiments.protocol import Experiment, Series
from serdsim.experiments.reached import FILE, Reached, reached, usual_regimens
from serdsim.experiments.runner import run_experiment
from serdsim.model.digest import model_digest
from serdsim.model.recipe import drugs_of, read_recipe, shipped_library, slot_of
from serdsim.results.run_id import content_hash, run_id
from serdsim.simulation.draws import Draws
from serdsim.yaml_file import read_yaml

DISH, OUTPUT, WILD = "cell", "live", "WT"
DECIDING = ("bliss", "loewe", "zip")  # the highest single agent asks whether two are better than one at all
_ASKS = (frozenset({"loewe"}), frozenset({"bliss", "zip"}))  # one of each must agree: ZIP is Bliss of fitted curves
_FIELDS = ("cell_line", "pre_run_h", "hours", "estradiol_nM", "multiples")


@dataclass(frozen=True)
class Assay:
    """The dish of a prediction: line, hours before and with the drugs, oestradiol [nM], concentrations as multiples of what is reached."""

    cell_line: str
    pre_run: float
    hours: float
    wild: float
    mutant: float
    multiples: tuple[float, ...]


@dataclass(frozen=True)
class Against:
    """The effect of both drugs against one null model, at what patients reach: medians with central 90 %, shares of 1."""

    model: str
    title: str
    expected: float
    above: float
    lo90: float
    hi90: float
    p_above: float


@dataclass(frozen=True)
class Agreement:
    """Titles of the deciding null models above and below which the central 90 % lies, and what is said of them.

    The verdict is ``synergy`` or ``antagonism`` where Loewe agrees with Bliss or ZIP and the interval leaves out zero, else ``neither``.
    Bliss and ZIP alone are no two: both take a drug with itself for synergy where its curve is steep, for antagonism where it is flat.
    """

    above: tuple[str, ...]
    below: tuple[str, ...]
    verdict: str


def agreement(against: Sequence[Against]) -> Agreement:
    """Return which of the deciding null models the effect lies above and below."""
    deciding = [one for one in against if one.model in DECIDING]
    above, below = [one for one in deciding if one.lo90 > 0], [one for one in deciding if one.hi90 < 0]
    said = (
        word for word, which in (("synergy", above), ("antagonism", below)) if all(asks & {one.model for one in which} for asks in _ASKS)
    )
    return Agreement(tuple(one.title for one in above), tuple(one.title for one in below), next(said, "neither"))


@dataclass(frozen=True)
class Combination:
    """A predicted matrix of two drugs: `effects` has the shape (drug, partner, draw), `at` is the cell of what patients reach."""

    run: str
    drugs: tuple[str, str]
    genotype: str
    cell_line: str
    estradiol: float
    hours: float
    levels: tuple[np.ndarray, np.ndarray]
    effects: np.ndarray
    at: tuple[int, int]
    usual: tuple[Reached, Reached]
    against: tuple[Against, ...]
    draws: int
    failed: int
    seed: int
    plan: dict[str, Any]
    model_hash: str

    @property
    def agreement(self) -> Agreement:
        """Return which null models agree."""
        return agreement(self.against)


def predict_combination(
    combination: str,
    *,
    genotype: str = WILD,
    cell_line: str | None = None,
    estradiol: float | None = None,
    draws: int = 64,
    seed: int = 1,
    library: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Combination:
    """Return what two drugs are predicted to do together; nothing of a combination was fitted.

    Parameters
    ----------
    combination : str
        A drug of the receptor and a partner, such as ``imlunestrant+abemaciclib``.
    genotype, cell_line : str
        Of the cells; the line of the library's dish when left out.
    estradiol : float, optional
        In the medium [nM]; that of the dish for wild type or mutant when left out.
    draws, seed, library, workers, progress
        As everywhere; no number depends on workers.

    Raises
    ------
    InputError
        For drugs, genotype or line that the library does not have, drugs of one place, or none whose exposure is known.
    """
    root = library or shipped_library()
    names = drugs_named(combination, root)
    assay = read_assay(root)
    medium, both = _medium(estradiol, genotype, assay), _usual(names, root)
    levels = tuple(_levels(one, assay) for one in both)
    experiment = _experiment(names, genotype, cell_line or assay.cell_line, medium, assay, levels)
    readings = run_experiment(experiment, Draws(draws, seed), library=root, workers=workers, progress=progress)
    effects = effects_of(tuple(experiment.series), Measure("", OUTPUT, assay.hours, {}, FILE), readings, "affected")
    at = (assay.multiples.index(1.0) + 1,) * 2
    whole = effects[..., np.isfinite(effects).all(axis=(0, 1))]
    plan = _plan(experiment, draws)
    digest = content_hash({id: model_digest(model) for id, model in readings.models.items()})
    return Combination(
        run=run_id(digest, plan, seed, NATIVE.numerics),
        drugs=names,
        genotype=genotype,
        cell_line=experiment.cell_line,
        estradiol=medium,
        hours=assay.hours,
        levels=(levels[0], levels[1]),
        effects=whole,
        at=at,
        usual=both,
        against=tuple(_against(model, whole, levels[0], levels[1], at) for model in NULL_MODELS),
        draws=draws,
        failed=draws - whole.shape[2],
        seed=seed,
        plan=plan,
        model_hash=digest,
    )


def drugs_named(combination: str, library: Path) -> tuple[str, str]:
    """Return the drug of the receptor and the partner that a text such as ``imlunestrant+abemaciclib`` names, in whichever order.

    Raises
    ------
    InputError
        For one drug or three, the same twice, one that is not known, or two of the same place.
    """
    names = [word.strip() for word in combination.split("+")]
    expected = 'two drugs, such as "imlunestrant+abemaciclib"'
    if len(names) != 2 or not all(names):
        count = {1: "one drug", 2: "a drug without name"}.get(len(names), f"{len(names)} drugs")
        raise InputError(Issue(f'"{combination}" names {count}', expected=expected, repair="Write two drugs with + between them"))
    if names[0] == names[1]:
        repair = "Name another partner; the model has one place for each"
        raise InputError(Issue(f'"{combination}" names {names[0]} twice', expected="two different drugs", repair=repair))
    known = drugs_of(DISH, library)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            repair = f"Did you mean {near[0]}?" if near else "Take one of these"
            raise InputError(Issue(f'no drug of the library is called "{name}"', expected=", ".join(known), repair=repair))
    recipe = read_recipe(DISH, library)
    places = {slot_of(name, recipe, library): name for name in names}
    if len(places) < 2:
        place = next(iter(places))
        what = "act on the receptor" if place == "drug" else "are partners"
        repair = "Take one that binds the receptor and one partner, such as abemaciclib"
        raise InputError(Issue(f"{names[0]} and {names[1]} both {what}", expected="drugs of different places of the model", repair=repair))
    return places["drug"], places["partner"]


def read_assay(library: Path) -> Assay:
    """Return the dish of a library.

    Raises
    ------
    ModelError
        For a library without it, or a broken file.
    """
    record = read_yaml(library / FILE, FILE, ModelError, "regimens and matrix")
    record.require("matrix")
    entry = record["matrix"]
    entry.require(*_FIELDS)
    entry["estradiol_nM"].require(WILD, "mutant")
    multiples = tuple(one.number(above=0.0) for one in entry["multiples"].each(least=2))
    if 1.0 not in multiples or sorted(set(multiples)) != list(multiples):
        raise entry["multiples"].wrong("the multiples do not rise, or 1 is not among them", "such as [0.3, 1, 3]", "Sort them, and add 1")
    return Assay(
        entry["cell_line"].text(),
        entry["pre_run_h"].number(above=0.0),
        entry["hours"].number(above=0.0),
        entry["estradiol_nM"][WILD].number(low=0.0),
        entry["estradiol_nM"]["mutant"].number(low=0.0),
        multiples,
    )


def _usual(names: tuple[str, str], library: Path) -> tuple[Reached, Reached]:
    known = usual_regimens(library)[2]
    for name in names:
        if name not in known:
            problem = f"what patients reach of {name} is not known here"
            repair = f"Add its usual regimen to {FILE}, where its pharmacokinetics are known"
            raise InputError(Issue(problem, file=FILE, expected="one of " + ", ".join(known), repair=repair))
    first, second = (reached(name, library) for name in names)
    assert first is not None and second is not None
    return first, second


def _medium(estradiol: float | None, genotype: str, assay: Assay) -> float:
    """Return the oestradiol of the medium [nM]: what is asked for, or that of the dish."""
    if estradiol is not None and not 0 <= estradiol < float("inf"):
        raise InputError(Issue(f"{estradiol:g} nM of oestradiol", expected="a finite concentration of 0 or more"))
    return (assay.wild if genotype == WILD else assay.mutant) if estradiol is None else estradiol


def _plan(experiment: Experiment, draws: int) -> dict[str, Any]:
    """Return what the run id is made of."""
    series = {id: asdict(one) | {"file": ""} for id, one in experiment.series.items()}
    return {"verb": "predict", "experiment": asdict(experiment) | {"file": "", "series": series}, "draws": draws, "output": OUTPUT}


def _levels(one: Reached, assay: Assay) -> np.ndarray:
    """Return 0 and the multiples of what is reached on average, as nominal concentrations to two figures [nM]."""
    mean = float(np.median(one.nominal("mean")))
    return np.array([0.0, *(float(f"{multiple * mean:.2g}") for multiple in assay.multiples)])


def _experiment(
    names: tuple[str, str], genotype: str, cell_line: str, estradiol: float, assay: Assay, levels: tuple[np.ndarray, ...]
) -> Experiment:
    rows = [
        Series(
            id=f"{names[1]} {level:g} nM",
            drug=names[0],
            genotype=genotype,
            concentrations=tuple(levels[0].tolist()),
            estradiol=estradiol,
            settings={},
            like={},
            given={},
            cell_line=cell_line,
            file=FILE,
            pre_estradiol=estradiol,
            beside={names[1]: float(level)} if level else {},
        )
        for level in levels[1]
    ]
    title = f"{names[0]} with {names[1]}"
    series = {one.id: one for one in rows}
    return Experiment(title, title, DISH, cell_line, names[0], assay.pre_run, assay.hours, assay.hours, (OUTPUT,), series, FILE)


def _against(model: str, effects: np.ndarray, drug: np.ndarray, partner: np.ndarray, at: tuple[int, int]) -> Against:
    if not effects.size:
        return Against(model, TITLES[model], *(float("nan"),) * 5)
    above = excess(model, effects, drug, partner)[at]
    expected = NULL_MODELS[model](effects, drug, partner)[at]
    lo, middle, hi = (float(value) for value in np.quantile(above, [0.05, 0.5, 0.95]))
    return Against(model, TITLES[model], float(np.median(expected)), middle, lo, hi, float(np.mean(above > 0)))
