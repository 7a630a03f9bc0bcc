"""Ablations: one part of the mechanism switched off, the same draws, and which claims break."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np

from serdsim.claims.claim import Claim
from serdsim.claims.judge import HIGH
from serdsim.claims.records import AblationOutcome, Mechanism
from serdsim.claims.testing import Tested, test_claim
from serdsim.errors import ClaimError
from serdsim.experiments.arms import Change, equations_of
from serdsim.experiments.protocol import Experiment
from serdsim.experiments.runner import Readings
from serdsim.model.recipe import read_recipe, slot_of
from serdsim.yaml_file import Field, read_yaml, said

_FIELDS = ("id", "title", "what", "set", "restates")


@dataclass(frozen=True)
class Ablation:
    """A change of the model with the statements that it only restates, and why.

    With a `place` it acts only where a drug of that place of the model, such as a partner, is given. `extra` ones are not among the
    mechanisms of the matrix and stand below it.
    """

    id: str
    title: str
    what: str
    change: Change
    restates: Mapping[str, str]
    place: str = ""
    extra: bool = False


def read_ablations(library: Path) -> tuple[Ablation, ...]:
    """Return the ablations of the library.

    Raises
    ------
    ClaimError
        For a missing or malformed file.
    """
    expected = "a list of ablations, each with " + ", ".join(_FIELDS)
    records = read_yaml(library / "ablations.yaml", "ablations.yaml", ClaimError, expected)
    if not isinstance(records.value, list):
        raise records.wrong(f"this is {said(records.value)}", expected, "Write a dash before each ablation, or [] for none")
    found = tuple(_ablation(record) for record in records.each())
    for i, ablation in enumerate(found):
        if ablation.id in [other.id for other in found[:i]]:
            raise records.each()[i].wrong("an ablation is given twice", "each id once", "Rename one of the two")
    return found


def _ablation(record: Field) -> Ablation:
    record.require(*_FIELDS, example={"set": "{k_deg_nuc_drug: k_deg_nuc_apo}", "restates": "{}"})
    id, only = record["id"].text(), record.get("subject_only")
    change = Change(id, _settings(record["set"]), True if only is None else only.truth(), record.source.shown)
    restates = {statement: why.text() for statement, why in record["restates"].items()}
    place, extra = record.get("place"), record.get("extra")
    acts = "" if place is None else place.text()
    return Ablation(id, record["title"].text(), record["what"].text(), change, restates, acts, extra is not None and extra.truth())


def mechanisms(ablations: Sequence[Ablation]) -> tuple[Mechanism, ...]:
    """Return what can be switched off, as the page shows it."""
    return tuple(Mechanism(one.id, one.title, one.what, one.extra) for one in ablations)


def concerns(ablation: Ablation, known: Sequence[str]) -> bool:
    """Return whether a model with these quantities has all that an ablation names."""
    return all(id in known for id in quantities(ablation))


def _settings(settings: Field) -> dict[str, str | float]:
    if not settings.value:
        raise settings.wrong(
            "nothing is switched off", "quantities with what they are set to", "Write {quantity: another quantity or a number}"
        )
    return {name: entry.text() if isinstance(entry.value, str) else entry.number(low=0.0) for name, entry in settings.items()}


def quantities(ablation: Ablation) -> tuple[str, ...]:
    """Return the quantities of a model that an ablation names."""
    settings = ablation.change.settings.items()
    return tuple(
        id for target, source in settings for id in (target, *([source.split(":")[-1].strip()] if isinstance(source, str) else []))
    )


def concerned(claim: Claim, ablation: Ablation, library: Path) -> tuple[str, ...]:
    """Return the ids of the experiments of a test whose model has all that an ablation changes, where it has something to act on."""
    known = [one for one in claim.tested if concerns(ablation, equations_of(one.model, library).given)]
    return tuple(one.id for one in known if not ablation.place or ablation.place in _places_given(claim, one, library))


def _places_given(claim: Claim, experiment: Experiment, library: Path) -> frozenset[str]:
    """Return the places of the model that drugs take which the arms of a test are given."""
    recipe, series = read_recipe(experiment.model, library), [experiment.series[id] for id in claim.arms(experiment)]
    return frozenset(slot_of(drug, recipe, library) for one in series for drug in (one.drug, *one.beside))


def switched_off(
    claim: Claim, ablations: Sequence[Ablation], library: Path, readings: Callable[[str, str], Readings]
) -> Mapping[str, Tested]:
    """Return what the same draws say about a claim with each part switched off that one of its models has, by ablation.

    Parameters
    ----------
    claim : Claim
    ablations : sequence of Ablation
    library : Path
    readings : callable
        Experiment and ablation, "" for none -> readings. Experiments whose model lacks the part keep theirs.
    """
    found = {}
    for ablation in ablations:
        off = concerned(claim, ablation, library)
        if off:
            ablated = [readings(one.id, ablation.id if one.id in off else "") for one in claim.tested]
            found[ablation.id] = test_claim(claim, *ablated, controls=False)
    return found


def told(on: Tested, off: Tested) -> bool:
    """Return whether the draws can tell that switching a part off moves P(pass) the way in which it moved.

    Both have the same draws, so that only those count which pass once and fail once: with as many of either kind expected by chance, as
    many or more in the one direction are seen in at most one case in ten (an exact sign test).
    """
    both = on.ok & off.ok
    before, after = on.every[both], off.every[both]
    lost, gained = int(np.sum(before & ~after)), int(np.sum(~before & after))
    changed, most = lost + gained, max(lost, gained)
    return changed > 0 and sum(comb(changed, n) for n in range(most, changed + 1)) / 2**changed <= 1.0 - HIGH


def ablation_outcome(ablation: Ablation, statement: str, on: Tested, off: Tested, p_kept: float | None = None) -> AblationOutcome:
    """Return what comes of an ablation.

    Parameters
    ----------
    ablation : Ablation
    statement : str
        Id of the statement.
    on, off : Tested
        The same draws with all parts on, and with the part off. Where they cannot tell the two shares apart (`told`) nothing flips.
    p_kept : float, optional
        Of a derived statement: the share with the part off in all links but those that the ablation only restates. A flip that is not
        there without these is as tautological as theirs.
    """
    p_on, p_off, tells = on.p_pass, off.p_pass, told(on, off)
    flips = tells and p_on > 0.5 >= p_off
    tautological = statement in ablation.restates or (flips and p_kept is not None and p_kept > 0.5)
    because = ablation.restates.get(statement, ablation.what)
    holds_back, untold = tells and p_on <= 0.5 < p_off, not tells and (p_on > 0.5) != (p_off > 0.5)
    return AblationOutcome(ablation.id, ablation.title, p_on, p_off, flips, tautological, because, holds_back, ablation.extra, untold)
