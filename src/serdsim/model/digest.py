"""The identity of a model: a hash of what it says, in words and numbers."""

from __future__ import annotations

import hashlib
import json

from serdsim.model.entities import Model, Participant
from serdsim.model.expression_text import text_of


def model_digest(model: Model) -> str:
    """Return the SHA-256 of structure, values, units and distributions; places and notes do not count."""
    record = {
        "quantities": {
            id: [entity.value, entity.unit]
            for table in (model.compartments, model.species, model.parameters)
            for id, entity in table.items()
        },
        "species": {id: [s.compartment, s.initial_amount, s.only_amount, s.boundary, s.constant] for id, s in model.species.items()},
        "reactions": {id: [_side(r.reactants), _side(r.products), text_of(r.law)] for id, r in model.reactions.items()},
        "rules": [[rule.kind, rule.target, text_of(rule.expression)] for rule in model.rules],
        "events": {id: [text_of(e.trigger), [[t, text_of(x)] for t, x in e.assignments]] for id, e in model.events.items()},
        "priors": {
            id: [e.distribution, e.prior, e.lower, e.upper, e.grade, list(e.rows), list(e.mixture)] for id, e in model.evidence.items()
        },
    }
    between = {id: [e.iiv, list(e.iiv_mixture)] for id, e in model.evidence.items() if e.iiv}
    record |= {"between_individuals": between} if between else {}  # a model without keeps the digest that it had
    return hashlib.sha256(json.dumps(record, sort_keys=True, allow_nan=True).encode()).hexdigest()


def _side(participants: tuple[Participant, ...]) -> list[list[object]]:
    return [[p.species, p.stoichiometry if isinstance(p.stoichiometry, int | float) else text_of(p.stoichiometry)] for p in participants]
