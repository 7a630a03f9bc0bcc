"""What changes after a steady state in PEtab 1, said as changes of the state in PEtab 2.

In version 1 the second condition begins with parameters of its own: what only the first one set goes back, and what the model
derives from parameters at the start is derived again. In version 2 everything stays that is not set.
"""

from __future__ import annotations

from serdsim.errors import Issue
from serdsim.fit.problem import Change, Experiment, Problem
from serdsim.fit.system import System, system_of
from serdsim.model.expression import Number, symbols


def after_rest(problem: Problem, one: Experiment, loose: frozenset[str]) -> tuple[tuple[Change, ...], list[Issue]]:
    """Return what an experiment sets back when its steady state ends, and every reason why version 2 cannot say it."""
    before, now = ({c.target: c for c in problem.changes(p) if c.target not in loose} for p in one.periods[:2])
    system = system_of(problem)
    differ = {id for id in {*before, *now} - system.held if not (id in before and id in now and before[id].value == now[id].value)}
    model = problem.model
    issues = [
        _refused(one, f'the size of the compartment "{id}" changes after a steady state') for id in sorted(differ & {*model.compartments})
    ]
    derived = _derived(system, differ)
    issues += [_refused(one, f'the model derives "{id}" at its start from what changes after a steady state') for id in sorted(derived)]
    for id in sorted(set(now) - system.held):
        if symbols(now[id].value) & {*before, *now}:
            issues.append(_refused(one, f'"{id}" is set to a formula of what changes after a steady state'))
    back = []
    for id in sorted(set(before) - {*now} - system.held - {*model.compartments}):
        value = model.parameters[id].value if id in model.parameters else None
        if value is None or any(rule.target == id for rule in model.rules):
            issues.append(_refused(one, f'"{id}" goes back to a value that is no number after a steady state'))
        else:
            back.append(Change(id, Number(value), one.place))
    return tuple(back), issues


def _refused(one: Experiment, words: str) -> Issue:
    return Issue(words, one.place.file, one.place.line, one.id, "what PEtab 2 can say")


def _derived(system: System, changed: set[str]) -> set[str]:
    """Return what initial assignments make of the changed ids, where it is no state."""
    affected, rules = set(changed), [rule for rule in system.problem.model.rules if rule.kind in ("initial", "assignment")]
    while more := {rule.target for rule in rules if rule.target not in affected and symbols(rule.expression) & affected}:
        affected |= more
    return {rule.target for rule in rules if rule.kind == "initial"} & affected - changed - system.held
