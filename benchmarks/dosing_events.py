"""Doses as SBML events, for tools that take them no other way."""

from __future__ import annotations

import libsbml

from benchmarks.problem import Problem

NEXT = "benchmark_next_dose"


def with_doses(problem: Problem, form: str) -> str:
    """Return the model with its doses as events.

    Parameters
    ----------
    problem : Problem
    form : {"listed", "counter"}
        One event per dose, or one event that sets the time of the next dose.
    """
    if not problem.doses:
        return problem.sbml
    document = libsbml.readSBMLFromString(problem.sbml)
    model = document.getModel()
    if form == "listed":
        for number, dose in enumerate(problem.doses):
            _event(model, f"benchmark_dose_{number}", f"time >= {dose.time!r}", {dose.species: f"{dose.species} + {dose.size!r}"})
        return str(libsbml.writeSBMLToString(document))
    first, last = problem.doses[0], problem.doses[-1]
    parameter = model.createParameter()
    parameter.setId(NEXT)
    parameter.setValue(first.time)
    parameter.setConstant(False)
    interval = problem.doses[1].time - first.time if len(problem.doses) > 1 else 1.0
    following = f"piecewise({NEXT} + {interval!r}, {NEXT} < {last.time - 0.5 * interval!r}, 1e12)"
    _event(model, "benchmark_dose", f"time >= {NEXT}", {first.species: f"{first.species} + {first.size!r}", NEXT: following})
    return str(libsbml.writeSBMLToString(document))


def _event(model: libsbml.Model, id: str, when: str, changes: dict[str, str]) -> None:
    event = model.createEvent()
    event.setId(id)
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setPersistent(True)
    trigger.setInitialValue(False)
    trigger.setMath(libsbml.parseL3Formula(when))
    for target, formula in changes.items():
        change = event.createEventAssignment()
        change.setVariable(target)
        change.setMath(libsbml.parseL3Formula(formula))
