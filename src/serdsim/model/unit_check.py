"""Do the units of a model fit? Our own walk over every formula, and libSBML's opinion beside it.

Bare literals are dimensionless; see `unit_inference` for the rules inside a formula. A literal that is exactly zero
passes in a comparison, a branch of a piecewise, `min` and `max`, and as a whole value that is set (`= 0`), but not as a
term of a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose

import libsbml

from serdsim.errors import Issue, UnitError
from serdsim.model.compatibility import first_use
from serdsim.model.entities import Model, Participant, Place, Quantity, Species
from serdsim.model.expression import Expression, Number, symbols, walk
from serdsim.model.expression_text import text_of
from serdsim.model.unit_inference import TRUTH, Kind, Mismatch, infer
from serdsim.units import DIMENSIONLESS, Unit, parse_unit

_OPINIONS = frozenset({10501, 10503, 10541, 99505})
_UNIT_REPAIR = 'Give it a unit; a number without one is written as "dimensionless"'


@dataclass(frozen=True)
class Task:
    """One formula and the unit that it must have (None: any); `subject` names it in a sentence."""

    subject: str
    id: str
    place: Place
    expression: Expression
    needed: Kind
    setting: bool = False


@dataclass(frozen=True)
class Known:
    """Units of everything that a formula can read, as it means it; and the units of time and extent."""

    meaning: Mapping[str, Unit | None]
    time: Unit | None
    extent: Unit | None


def check_units(model: Model) -> list[Issue]:
    """Return everything about units that does not fit; an empty list for a sound model.

    Every species, parameter, compartment and rule target must have a unit. Laws must be extent over time; rate rules
    target over time; assignment rules, initial assignments and event assignments the unit of their target; triggers true
    or false; delays the unit of time. Sizes count: 1/min is not 1/h.
    """
    issues = [*_undeclared(model), *_wide(model)]
    known = _known(model)
    tasks = list(_tasks(model, known))
    for task in tasks:
        issues += _check(task, model, known, tasks)
    return [*issues, *_extents(model, known)]


def _parsed(text: str | None) -> Unit | None:
    if text is None or not text.strip():
        return None
    try:
        return parse_unit(text)
    except UnitError:
        return None


def _undeclared(model: Model) -> Iterator[Issue]:
    tables: dict[str, Mapping[str, Quantity]] = {"compartment": model.compartments, "species": model.species, "parameter": model.parameters}
    for noun, table in tables.items():
        for id, quantity in table.items():
            if _parsed(quantity.unit) is not None:
                continue
            place, read, meant = first_use(model, quantity)
            problem = f'the unit "{quantity.unit}" of this {noun} is not known' if quantity.unit else f"this {noun} has no unit"
            yield Issue(problem + read, place.file, place.line, id, "a unit such as nM or 1/h", _UNIT_REPAIR + meant)


def _wide(model: Model) -> Iterator[Issue]:
    needed = [("time", bool(model.reactions or model.events) or any(r.kind == "rate" for r in model.rules))]
    needed.append(("extent", bool(model.reactions)))
    for name, wanted in needed:
        if wanted and _parsed(model.units.get(name)) is None:
            spelled = "time_unit" if name == "time" else name
            yield Issue(
                f"the model has no unit of {name}",
                file=model.origin or None,
                id=model.id,
                expected=f"a unit of {name} for the whole model",
                repair=f'Write it once, for example "unit {spelled} = {"3600 second" if name == "time" else "1e-9 mole"}"',
            )


def _known(model: Model) -> Known:
    time, extent = _parsed(model.units.get("time")), _parsed(model.units.get("extent"))
    meaning: dict[str, Unit | None] = {"time": time}
    for part in _participants(model):
        if part.id is not None:
            meaning[part.id] = DIMENSIONLESS
    meaning |= {id: _parsed(compartment.unit) for id, compartment in model.compartments.items()}
    meaning |= {id: _parsed(parameter.unit) for id, parameter in model.parameters.items()}
    meaning |= {id: _meaning(species, model) for id, species in model.species.items()}
    meaning |= {id: _over(extent, time) for id in model.reactions}
    return Known(meaning, time, extent)


def _participants(model: Model) -> Iterator[Participant]:
    for reaction in model.reactions.values():
        yield from (*reaction.reactants, *reaction.products)


def _over(a: Unit | None, b: Unit | None) -> Unit | None:
    return None if a is None or b is None else a / b


def _meaning(species: Species, model: Model) -> Unit | None:
    unit, compartment = _parsed(species.unit), model.compartments.get(species.compartment)
    size = _parsed(compartment.unit) if compartment else None
    if unit is None or species.initial_amount == species.only_amount:
        return unit
    return _over(unit, size) if species.initial_amount else (None if size is None else unit * size)


def _tasks(model: Model, known: Known) -> Iterator[Task]:
    for id, reaction in model.reactions.items():
        if reaction.law != Number(0.0):
            yield Task(f"reaction {id}", id, reaction.place, reaction.law, known.meaning[id])
    for rule in model.rules:
        subject = f"the {rule.kind} rule of {rule.target}" if rule.kind != "initial" else f"the initial value of {rule.target}"
        target = known.meaning.get(rule.target)
        needed = None if rule.kind == "algebraic" else _over(target, known.time) if rule.kind == "rate" else target
        yield Task(subject, rule.target or "algebraic rule", rule.place, rule.expression, needed, setting=True)
    for id, event in model.events.items():
        yield Task(f"the trigger of event {id}", id, event.place, event.trigger, TRUTH)
        if event.delay is not None:
            yield Task(f"the delay of event {id}", id, event.place, event.delay, known.time, setting=True)
        if event.priority is not None:
            yield Task(f"the priority of event {id}", id, event.place, event.priority, DIMENSIONLESS)
        for changed, value in event.assignments:
            yield Task(f"event {id}, where it sets {changed}", id, event.place, value, known.meaning.get(changed), setting=True)
    for id, reaction in model.reactions.items():
        for part in (*reaction.reactants, *reaction.products):
            if not isinstance(part.stoichiometry, int | float):
                yield Task(f"the stoichiometry of {part.species} in {id}", id, reaction.place, part.stoichiometry, DIMENSIONLESS)


def _problems(task: Task, known: Known, meaning: Mapping[str, Unit | None]) -> tuple[Mismatch, ...]:
    kind, wrong = infer(task.expression, meaning, known.time)
    if wrong or kind is None or task.needed is None:
        return wrong
    if isinstance(task.expression, Number) and task.expression.unit is None:
        value = task.expression.value
        if (task.setting and value == 0.0) or (task.needed is TRUTH and value in (0.0, 1.0)):
            return ()
    if isinstance(kind, Unit) and isinstance(task.needed, Unit):
        if kind.matches(task.needed):
            return ()
        return (Mismatch(f'{text_of(task.expression, 80)} has unit "{kind}"', kind / task.needed),)
    if kind == task.needed:
        return ()
    found = f'a number with unit "{kind}"' if isinstance(kind, Unit) else str(kind)
    return (Mismatch(f"{text_of(task.expression, 80)} is {found}"),)


def _check(task: Task, model: Model, known: Known, tasks: list[Task]) -> list[Issue]:
    wrong = _problems(task, known, known.meaning)
    if not wrong:
        return []
    blamed = _blame(task, wrong, model, known, tasks)
    if blamed is not None:
        return [_parameter_issue(task, *blamed, model, known)]
    inside = bool(infer(task.expression, known.meaning, known.time)[1])
    read = [f"{id} [{unit}]" for id in sorted(symbols(task.expression)) if (unit := known.meaning.get(id)) is not None]
    shown = ", ".join(read[:8]) + (", ..." if len(read) > 8 else "")
    repair = f"Check {shown}; a bare number is dimensionless" if shown else "A bare number is dimensionless: use a parameter with a unit"
    needed = f'"{task.needed}"' if isinstance(task.needed, Unit) else str(task.needed) if task.needed else "one unit in all terms"
    place = task.place
    return [
        Issue(f"{task.subject}: {problem}", place.file, place.line, task.id, _fitting(problem) if inside else needed, repair)
        for problem in dict.fromkeys(mismatch.problem for mismatch in wrong)
    ]


def _fitting(problem: str) -> str:
    """Return what was expected where parts of a formula do not fit each other, whatever the whole must be."""
    if " under the exponent " in problem:
        return "a base without a unit"
    return "one unit in all terms" if " but " in problem else "an argument that fits"


def _blame(task: Task, wrong: tuple[Mismatch, ...], model: Model, known: Known, tasks: list[Task]) -> tuple[str, Unit] | None:
    """Return the one parameter, and its right unit, whose unit has the right kind and the wrong size; else None."""
    found: list[tuple[str, Unit]] = []
    for id in sorted(symbols(task.expression) & set(model.parameters)):
        own = known.meaning.get(id)
        if own is None or own.same_dimension(DIMENSIONLESS):
            continue
        for ratio in (mismatch.ratio for mismatch in wrong if mismatch.ratio is not None):
            for other in (own / ratio, own * ratio):
                if other.same_dimension(own) and _repairs(task, id, other, known, tasks):
                    found.append((id, other))
    distinct = dict(found)
    return next(iter(distinct.items())) if len(distinct) == 1 else None


def _repairs(task: Task, id: str, unit: Unit, known: Known, tasks: list[Task]) -> bool:
    changed = {**known.meaning, id: unit}
    if _problems(task, known, changed):
        return False
    readers = [other for other in tasks if id in symbols(other.expression)]
    return all(_problems(other, known, known.meaning) or not _problems(other, known, changed) for other in readers)


def _parameter_issue(task: Task, id: str, unit: Unit, model: Model, known: Known) -> Issue:
    parameter, evidence = model.parameters[id], model.evidence.get(id)
    place = Place(evidence.table, evidence.line) if evidence is not None and evidence.table else parameter.place
    where = f"{task.place.file}:{task.place.line}" if task.place.line is not None else task.place.file
    factor = _converting(task.expression, known.meaning[id], unit)
    repair = f'Convert the value or write the unit as "{unit}"'
    if factor is not None:
        repair = f'Convert the value to "{unit}" and take the factor {factor:g} out of the formula: a bare number converts no unit'
    return Issue(
        f'unit "{parameter.unit}", but {task.subject}{f" ({where})" if where else ""} needs "{unit}"',
        file=place.file,
        line=place.line,
        id=id,
        repair=repair,
    )


def _converting(expression: Expression, own: Unit | None, needed: Unit) -> float | None:
    """Return the bare number of a formula that looks as if it should turn the unit `own` into the one that is needed."""
    size = own.factor / needed.factor if own is not None else 1.0
    bare = (part.value for part in walk(expression) if isinstance(part, Number) and part.unit is None)
    return next((value for value in bare if isclose(value, size, rel_tol=1e-9) or isclose(value * size, 1.0, rel_tol=1e-9)), None)


def _extents(model: Model, known: Known) -> Iterator[Issue]:
    """Yield species whose amount is not what the reactions count."""
    moved = {part.species for part in _participants(model)}
    for id in sorted(moved & set(model.species)):
        species = model.species[id]
        meaning, compartment = known.meaning.get(id), model.compartments.get(species.compartment)
        size = known.meaning.get(compartment.id) if compartment else None
        amount = meaning if species.only_amount else (meaning * size if meaning is not None and size is not None else None)
        factor = known.meaning.get(species.conversion_factor) if species.conversion_factor else DIMENSIONLESS
        if species.boundary or amount is None or factor is None or known.extent is None or amount.matches(known.extent * factor):
            continue
        yield Issue(
            f'the amount of this species has unit "{amount}", but reactions change it by "{known.extent * factor}"',
            file=species.place.file,
            line=species.place.line,
            id=id,
            repair="Give the species and the extent of the model the same unit, or a conversion factor",
        )


def libsbml_opinion(sbml_text: str) -> list[Issue]:
    """Return what libSBML says about units: its rules 10501, 10503, 10541 and 99505. A second opinion only.

    Bare literals are declared dimensionless first, as they are here: libSBML stops checking a formula at the first one.
    """
    document = libsbml.readSBMLFromString(sbml_text)
    if document.getModel() is not None and document.getLevel() >= 3:
        _declare_literals(document.getModel())
    document.checkConsistency()
    errors = [document.getError(position) for position in range(document.getNumErrors())]
    return [
        Issue(f"libSBML {error.getErrorId()}: {' '.join(error.getMessage().split())}".rstrip("."), line=error.getLine() or None)
        for error in errors
        if error.getErrorId() in _OPINIONS
    ]


def _declare_literals(model: libsbml.Model) -> None:
    elements = model.getListOfAllElements()
    for element in (elements.get(position) for position in range(elements.getSize())):
        if not hasattr(element, "getMath") or not element.isSetMath():
            continue
        formula = element.getMath().deepCopy()
        nodes = [formula]
        while nodes:
            node = nodes.pop()
            if node.isNumber() and not node.isSetUnits():
                node.setUnits("dimensionless")
            nodes += [node.getChild(position) for position in range(node.getNumChildren())]
        element.setMath(formula)


def wrong_units(model: Model) -> list[Issue]:
    """Return the issues that are more than a missing unit: a model from elsewhere may leave units out."""
    return [issue for issue in check_units(model) if "has no unit" not in issue.problem]
