"""Simulated against published exposure: all arms of a host are individuals of one plan, read by the rules of the NCA."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serdsim.analysis.exposure_table import Arm, Exposure, Window, arms_of, read_exposures
from serdsim.codegen.equations import derive
from serdsim.dosing.regimen import parse_regimen
from serdsim.endpoints.nca import area_under
from serdsim.engine.engines import engine_for
from serdsim.engine.ensemble import run_ensemble
from serdsim.engine.plan import Plan, Schedule
from serdsim.errors import InputError, Issue
from serdsim.model.digest import model_digest
from serdsim.model.library import load
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import read_recipe, shipped_library, takers
from serdsim.references import read_references, require
from serdsim.simulation.doses import schedule_of
from serdsim.simulation.draws import Draws, given_values
from serdsim.simulation.host_times import seen_until
from serdsim.simulation.question import Question, ask
from serdsim.units import convert

POINTS = 300  # of each window; what is read moves by less than a thousandth with twice as many
_STATES = {"plasma": "{}_plasma", "blood": "{}_blood", "m1": "{}_m1", "m2": "{}_m2"}
_MASSES = {"plasma": "molar_mass_{}", "blood": "molar_mass_{}", "m1": "molar_mass_m1_{}", "m2": "molar_mass_m2_{}"}


@dataclass(frozen=True)
class Compared:
    """A published exposure with what the simulation gives for it [unit of the exposure]."""

    exposure: Exposure
    simulated: float

    @property
    def ratio(self) -> float:
        """Simulated over published."""
        return self.simulated / self.exposure.value

    @property
    def within(self) -> bool:
        """Whether the simulation lies within the error that the table states."""
        return bool(abs(np.log(self.ratio)) <= np.log1p(self.exposure.error))


@dataclass(frozen=True)
class ExposureSection:
    """What the page needs: every exposure with its simulation, and which drugs were read in which host.

    Attributes
    ----------
    unread : tuple of str
        Drugs of the cell model that no host can be given.
    read_in_mice, scaled : tuple of str
        Drugs whose clearance was read in mice, and those that are scaled from patients.
    rests_on : mapping
        Digests of the table and of the models; the run id depends on them.
    """

    compared: tuple[Compared, ...]
    unread: tuple[str, ...]
    read_in_mice: tuple[str, ...]
    scaled: tuple[str, ...]
    rests_on: Mapping[str, str]


@dataclass(frozen=True)
class Curve:
    """Concentrations of one window over time, as mass per volume."""

    times: np.ndarray
    values: np.ndarray  # [ng/mL]


def compare_exposures(library: Path | None = None) -> tuple[Compared, ...]:
    """Return every published exposure of the library beside its simulation.

    Raises
    ------
    InputError
        For a broken table, a drug without pharmacokinetics, a regimen that the model cannot take, and an arm that cannot be computed.
    """
    root = library or shipped_library()
    return simulate_exposures(read_exposures(root), root)


def simulate_exposures(
    exposures: Sequence[Exposure], library: Path, changed: Mapping[str, Mapping[str, float]] | None = None
) -> tuple[Compared, ...]:
    """Return exposures beside their simulation; `changed` holds for a drug other values of rows of its table."""
    curves: dict[Window, Curve] = {}
    for model, arms in arms_of(tuple(exposures)).items():
        curves |= _curves(model, arms, _windows(exposures, model), library, changed or {})
    return tuple(Compared(one, _read(one, curves)) for one in exposures)


def exposure_section(library: Path, year: int | None = None) -> ExposureSection | None:
    """Return what the page says of exposures; None for a library without the table. Rows of later sources than `year` are not shown."""
    if not (library / "exposures.tsv").is_file():
        return None
    references = read_references(library / "references.bib")
    every = read_exposures(library)
    require((key for one in every for key in one.source), references)
    shown = [one for one in every if year is None or all(references[key].year <= year for key in one.source)]
    grades = {row.text("drug"): row.text("grade") for row in rows_of(library / "pk_mouse.tsv", "drug") if row.text("id") == "CL"}
    return ExposureSection(
        compared=simulate_exposures(shown, library) if shown else (),
        unread=unread_drugs(library, "pk_human"),
        read_in_mice=tuple(drug for drug, grade in grades.items() if grade != "assumption"),
        scaled=tuple(drug for drug, grade in grades.items() if grade == "assumption"),
        rests_on=_rests_on(shown, library),
    )


def _rests_on(exposures: Sequence[Exposure], library: Path) -> dict[str, str]:
    """Return digests of the table and of each model that is simulated for it."""
    found = {"exposures.tsv": hashlib.sha256((library / "exposures.tsv").read_bytes()).hexdigest()}
    for arms in arms_of(tuple(exposures)).values():
        for arm in arms:
            name = f"{arm.model} {arm.drug}"
            if name not in found:
                found[name] = model_digest(load(arm.model, library=library, **{slot_for(arm, library): arm.drug}))
    return found


def unread_drugs(library: Path, model: str) -> tuple[str, ...]:
    """Return the drugs of drugs.tsv that a host cannot be given, because no pharmacokinetics were read."""
    known = {drug for slot in read_recipe(model, library).slots for drug in takers(model, slot, library)}
    every = [drug for slot in ("drug", "partner") for drug in takers("cell", slot, library)]
    return tuple(drug for drug in every if drug not in known and drug != "estradiol")


def _windows(exposures: Sequence[Exposure], model: str) -> list[Window]:
    every = dict.fromkeys(window for one in exposures for window in (one.seen, one.against) if window is not None)
    return [window for window in every if window.arm.model == model]


def _curves(
    model: str, arms: Sequence[Arm], windows: Sequence[Window], library: Path, changed: Mapping[str, Mapping[str, float]]
) -> dict[Window, Curve]:
    slots = {arm: slot_for(arm, library) for arm in arms}
    questions = {arm: _question(arm, slots[arm], library, changed.get(arm.drug, {})) for arm in arms}
    times = {arm: _times([window for window in windows if window.arm == arm]) for arm in arms}
    most = max(len(own) for own in times.values())
    outputs = tuple(dict.fromkeys(_STATES[window.analyte].format(slots[window.arm]) for window in windows))
    equations = derive(next(iter(questions.values())).model)
    plan = Plan(
        np.hstack([given_values(questions[arm].model, equations.given, Draws(0, 1)) for arm in arms]),
        np.column_stack([np.pad(times[arm], (0, most - len(times[arm])), constant_values=np.inf) for arm in arms]),
        outputs,
        schedule=_joined([schedule_of(questions[arm], parse_regimen(arm.regimen), 1, float(times[arm][-1]), 1.0) for arm in arms]),
        rtol=engine_for(equations).rtol,
    )
    found = run_ensemble(equations, plan, workers=1)
    issues = [Issue(f"{arm.regimen}: {text}", file=model) for arm, text in zip(arms, found.message, strict=True) if text]
    if issues:
        raise InputError(issues)
    curves = {}
    for window in windows:
        arm, slot = window.arm, slots[window.arm]
        own = times[arm]
        here = (own >= window.start) & (own <= _end(window))
        molar = found.values[outputs.index(_STATES[window.analyte].format(slot)), : len(own), arms.index(arm)][here]
        mass = float(questions[arm].model.quantity(_MASSES[window.analyte].format(slot)).value or 0.0)
        curves[window] = Curve(own[here], molar * convert(1.0, "nmol/L", "mol/L") * mass * convert(1.0, "g/L", "ng/mL"))
    return curves


def slot_for(arm: Arm, library: Path) -> str:
    """Return which place of the model the drug of an arm takes."""
    slots = read_recipe(arm.model, library).slots
    found = [slot for slot in slots if arm.drug in takers(arm.model, slot, library)]
    if not found:
        expected = ", ".join(drug for slot in slots for drug in takers(arm.model, slot, library))
        raise InputError(Issue(f"{arm.model} has no pharmacokinetics of {arm.drug}", file="exposures.tsv", expected=expected))
    return found[0]


def _question(arm: Arm, slot: str, library: Path, changed: Mapping[str, float]) -> Question:
    named = {f"{'V_' if id in ('central', 'peripheral') else ''}{id}_{slot}": value for id, value in changed.items()}
    return ask(arm.model, parse_regimen(arm.regimen), None, None, None, library, {**dict(arm.conditions), **named})


def _times(windows: Sequence[Window]) -> np.ndarray:
    every = [np.linspace(window.start, _end(window), POINTS + 1) for window in windows]
    return np.unique(np.concatenate([*every, [0.0]]))


def _end(window: Window) -> float:
    return seen_until(parse_regimen(window.arm.regimen), window.start, window.end)


def _joined(schedules: Sequence[Schedule]) -> Schedule:
    """Return the schedules of single individuals as one schedule of all."""
    names = tuple(dict.fromkeys(name for one in schedules for name in one.names))
    targets = [np.array([names.index(one.names[target]) for target in one.targets], np.int32) for one in schedules]
    return Schedule(
        names,
        np.concatenate([[0], np.cumsum([len(one.times) for one in schedules])]).astype(np.int64),
        np.concatenate([one.times for one in schedules]),
        np.concatenate([one.kinds for one in schedules]),
        np.concatenate(targets),
        np.concatenate([one.values for one in schedules]),
    )


def _read(one: Exposure, curves: Mapping[Window, Curve]) -> float:
    seen = curves[one.seen]
    if one.against is not None:
        kind = one.endpoint.removesuffix("_ratio")
        return _endpoint(kind, seen) / _endpoint(kind, curves[one.against])
    unit = {"cmax": "ng/mL", "ctrough": "ng/mL", "auc": "ng*h/mL", "auc_inf": "ng*h/mL", "tmax": "h", "half_life": "h"}[one.endpoint]
    return convert(_endpoint(one.endpoint, seen), unit, one.unit)


def _endpoint(kind: str, curve: Curve) -> float:
    """Return one number of a curve [ng/mL, ng*h/mL or h]."""
    times, values = curve.times, curve.values
    if kind == "cmax":
        return float(np.max(values))
    if kind == "ctrough":
        return float(values[-1])
    if kind == "tmax":
        return _time_of_peak(times, values) - float(times[0])
    if kind == "half_life":
        slope, _ = np.polyfit(times, np.log(values), 1)
        return float(-np.log(2.0) / slope)
    area = area_under(times, values)
    if kind == "auc_inf":
        late = slice(-len(times) // 10, None)
        slope, _ = np.polyfit(times[late], np.log(values[late]), 1)
        area += float(values[-1] / -slope)
    return area


def _time_of_peak(times: np.ndarray, values: np.ndarray) -> float:
    """Return where the parabola through the highest point and its neighbours has its top."""
    top = int(np.argmax(values))
    if not 0 < top < len(values) - 1:
        return float(times[top])
    a, b, _ = np.polyfit(times[top - 1 : top + 2] - times[top], values[top - 1 : top + 2] / values[top], 2)
    return float(times[top] - b / (2.0 * a)) if a < 0 else float(times[top])
