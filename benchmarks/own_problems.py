"""Daily dosing on our cell model and on the dense dimer model of the shared folder."""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path

import libsbml
import numpy as np

from benchmarks.problem import Dose, Problem, Unavailable, lognormal
from serdsim.codegen.equations import derive
from serdsim.model.antimony import antimony_to_sbml, join_fragments
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, shipped_library
from serdsim.model.sbml import read_sbml

SEED = 1
INTERVAL_H = 24.0
ATOL = 1e-9
GENOTYPE = "Y537S"

_CELL_START = {"E2_medium": 0.1, "drug_medium": 100.0}  # nM; the drug is the first dose
_CELL_DOSE = Dose(0.0, "drug_medium", 100.0)
_CELL_LOSS_H = 8.0  # half-life: without a loss from the medium daily addition would be an easy problem

_DIMER_DOSE = Dose(0.0, "depot", 100.0)
_DIMER_ADDED = f"""
  species depot, central;  depot = {_DIMER_DOSE.size};  central = 0;
  k_absorb = 1;  k_leave = {math.log(2.0) / 12.0!r};
  absorb: depot -> central; k_absorb*depot;
  leave: central -> ; k_leave*central;
"""


def cell(days: int, individuals: int, cv: float = 0.3, *, once: bool = True) -> Problem:
    """Return our cell model, heterozygous for a mutant so that no pool is empty, with a daily addition of drug to the medium.

    Without `once`, rules that depend on constants alone stay rules, so that every tool follows derivatives through them.
    """
    recipe = read_recipe("cell", shipped_library())
    model = load("cell", genotype=GENOTYPE)
    ruled = {rule.target for rule in model.rules if rule.kind != "rate"}
    tables = (model.compartments, model.species, model.parameters)
    numbers = {id: entity.value for table in tables for id, entity in table.items() if id not in ruled} | _CELL_START
    lines = [f"{id} = {value!r};" for id, value in numbers.items()]
    lines += [f"k_loss = {math.log(2.0) / _CELL_LOSS_H!r};", "lose_drug: drug_medium -> ; k_loss * drug_medium * medium;"]
    text = join_fragments(recipe.fragments, "cell_daily").text.rstrip().removesuffix("end")
    sbml = antimony_to_sbml("\n".join([text, *lines, "end", ""]))
    moved = {rule.target for rule in model.rules}
    # shares and exponents stay, so that no draw leaves its range
    drawn = [id for id, p in model.parameters.items() if id not in moved and p.unit != "dimensionless" and _counts(p.value)]
    drawn = [id for id in drawn if model.evidence[id].distribution != "fixed"]
    return _daily(f"cell, daily, {days} days", sbml, [*drawn, "k_loss"], _CELL_DOSE, days, individuals, cv, once=once)


def dimers(days: int, individuals: int, shared: Path, cv: float = 0.3) -> Problem:
    """Return the dense dimer model, both alleles, with absorption and loss of a drug that is given daily.

    Raises
    ------
    Unavailable
        Without the shared folder.
    """
    path = shared / "design" / "prototype" / "er_core_explicit_dimers.ant"
    if not path.is_file():
        raise Unavailable(f"no {path.name} in the shared folder")
    text = path.read_text(encoding="utf-8")
    for pattern, words in (
        (r"\*\(1-live/Kmax\)", "/(1+live/Kmax)"),  # the first form changes sign above Kmax
        (r"\bD_nom\s*=\s*0\s*;", "D_nom := central;"),
        (r"\bfM\s*=\s*0\s*;", "fM = 0.5;"),
        (r"\nend\s*$", _DIMER_ADDED + "end\n"),
    ):
        text, count = re.subn(pattern, words, text)
        if count != 1:
            raise Unavailable(f"{path.name} is another one than these benchmarks know: {pattern} is found {count} times")
    sbml = antimony_to_sbml(text)
    model = read_sbml(sbml)
    ruled = {rule.target for rule in model.rules}
    drawn = [id for id, p in model.parameters.items() if re.match("[kK]", id) and id not in ruled and _counts(p.value)]
    return _daily(f"dimers, daily, {days} days", sbml, drawn, _DIMER_DOSE, days, individuals, cv)


def _computed_once(sbml: str) -> str:
    """Return the model with rules that depend on constants alone as initial assignments.

    libRoadRunner copies a rule into every place that names it and computes it there anew; this spares it a part.
    """
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    for id, _ in derive(read_sbml(sbml)).fixed:
        parameter, rule = model.getParameter(id), model.getRule(id)
        if parameter is not None and rule is not None:
            first = model.createInitialAssignment()
            first.setSymbol(id)
            first.setMath(rule.getMath())
            model.removeRule(id)
            parameter.setConstant(True)
    return str(libsbml.writeSBMLToString(document))


def normals(id: str, individuals: int) -> np.ndarray:
    """Return numbers that depend on the parameter and the position of the individual only."""
    seed = hashlib.sha256(f"{SEED} {id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(seed[:8], "big")).standard_normal(individuals)


def _counts(value: float | None) -> bool:
    return value is not None and value > 0.0


def _daily(name: str, sbml: str, drawn: list[str], first: Dose, days: int, individuals: int, cv: float, *, once: bool = True) -> Problem:
    sbml = _computed_once(sbml) if once else sbml
    model = read_sbml(sbml)
    equations = derive(model)
    nominal = np.array([model.parameters[id].value for id in drawn], float)
    z = np.stack([normals(id, individuals) for id in drawn], axis=1)
    kinds = tuple("concentration" if id in model.species else "value" for id in equations.states)
    doses = tuple(Dose(day * INTERVAL_H, first.species, first.size) for day in range(1, days))
    return Problem(
        name=name if cv == 0.3 else f"{name}, CV {cv:.0%}",
        sbml=sbml,
        parameters=tuple(drawn),
        draws=lognormal(nominal, cv, z),
        doses=doses,
        times=np.arange(0.0, days * INTERVAL_H + 0.5),
        states=equations.states,
        kinds=kinds,
        atol=np.full(len(equations.states), ATOL),
    )
