"""Algebraic rules that say what one quantity is -> assignment rules."""

from __future__ import annotations

from dataclasses import replace

from serdsim.model.entities import Model, Rule
from serdsim.model.expression import Apply, Expression, Number, Symbol, walk


def solved(model: Model) -> Model:
    """Return the model with each algebraic rule written as an assignment rule where that is plain.

    It is plain where nothing else moves exactly one of the quantities in the rule, and that one stands once within sums,
    products and quotients. Other algebraic rules are left.
    """
    free = _free(model)
    rules, changed = list(model.rules), True
    while changed:
        changed = False
        for i, rule in enumerate(rules):
            if rule.kind != "algebraic":
                continue
            used = [part.id for part in walk(rule.expression) if isinstance(part, Symbol) and part.id in free]
            value = _isolated(rule.expression, used[0], Number(0.0)) if len(used) == 1 else None
            if value is not None:
                rules[i] = Rule("assignment", used[0], value, rule.place)
                free.discard(used[0])
                changed = True
    return replace(model, rules=tuple(rules))


def _free(model: Model) -> set[str]:
    """Return what may change although no reaction, rule or event changes it."""
    parts = [p for r in model.reactions.values() for p in (*r.reactants, *r.products)]
    free = {id for table in (model.compartments, model.parameters, model.species) for id, q in table.items() if not q.constant}
    free |= {p.id for p in parts if p.id is not None and not p.constant}
    free -= {p.species for p in parts if not model.species[p.species].boundary}
    free -= {rule.target for rule in model.rules}
    return free - {target for event in model.events.values() for target, _ in event.assignments}


def _isolated(expression: Expression, id: str, value: Expression) -> Expression | None:
    """Return what the id is where the expression is `value`; None where that cannot be told."""
    if expression == Symbol(id):
        return value
    if not isinstance(expression, Apply):
        return None
    at = next(i for i, part in enumerate(expression.args) if Symbol(id) in walk(part))
    inner, others = expression.args[at], expression.args[:at] + expression.args[at + 1 :]
    if expression.op == "plus":
        return _isolated(inner, id, Apply("minus", (value, _joined("plus", others))))
    if expression.op == "minus" and at == 0:
        return _isolated(inner, id, Apply("plus", (value, *others)) if others else Apply("minus", (value,)))
    if expression.op == "minus":
        return _isolated(inner, id, Apply("minus", (others[0], value)))
    if expression.op == "times":
        return _isolated(inner, id, Apply("divide", (value, _joined("times", others))))
    if expression.op == "divide" and at == 0:
        return _isolated(inner, id, Apply("times", (value, others[0])))
    return None


def _joined(op: str, parts: tuple[Expression, ...]) -> Expression:
    return parts[0] if len(parts) == 1 else Apply(op, parts)
