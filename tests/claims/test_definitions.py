"""The same conclusion by several definitions: what is measured, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from measure_cases import DOSES, FACTORS, TIMES, readings_of
from report_cases import statement
from serdsim.claims.claim import Claim
from serdsim.claims.definitions import survival_words
from serdsim.claims.measures import Part, read_part
from serdsim.claims.records import PartOutcome
from serdsim.claims.testing import test_claim as tested
from serdsim.experiments.runner import Readings


def outcome(title: str, p: float) -> PartOutcome:
    return PartOutcome(title, title, 1.0, 0.0, 2.0, "fold", "at least 1", p)


def part(id: str, found: Readings, below: float) -> Part:
    measure = {"kind": "level", "output": "y", "time": "24 h", "of": "a @ 1 nM"}
    return read_part({"id": id, "unit": "fold", "scale": 1, "below": below, "measure": measure}, found.experiment, "M.yaml")


def test_a_conclusion_survives_definitions_that_hold_in_nine_draws_of_ten() -> None:
    assert survival_words([]) == ""
    both = survival_words([outcome("Bliss", 0.9), outcome("Loewe", 1.0)])
    assert both == "The conclusion survives all 2 definitions: Bliss in 90 % and Loewe in 100 % of the draws."
    some = survival_words([outcome("HSA", 0.95), outcome("Bliss", 0.89), outcome("Loewe", 0.97)])
    assert some == "The conclusion holds by HSA in 95 % and Loewe in 97 % of the draws, and not by Bliss in 89 %; 90 % are needed."
    assert survival_words([outcome("HSA", 0.5), outcome("Bliss", float("nan"))]).startswith("The conclusion holds by none of 2 definitions")
    assert "nan" not in survival_words([outcome("HSA", 0.5), outcome("Bliss", float("nan"))])
    few = survival_words([outcome("HSA", 60 / 64), outcome("Bliss", 61 / 64), outcome("Loewe", 0.5)], 64)
    assert few.endswith("90 % are needed. 64 draws cannot tell from less than 90 %: HSA.")
    assert survival_words([outcome("HSA", 0.95)], 1000).endswith("in 95 % of the draws.")
    assert survival_words([outcome("HSA", 0.95)]) == "The conclusion survives its one definition: HSA in 95 % of the draws."


def test_definitions_are_measured_like_parts_and_decide_nothing() -> None:
    level = np.broadcast_to(FACTORS, (len(DOSES), len(TIMES), 3)).copy()  # 1, 2, 4
    found = readings_of({"a": {"y": level}})
    plain = Claim(statement("MOA-01", "tested"), found.experiment, (part("p", found, 9.0),), (part("c", found, 9.0),), ("p",))
    claim = replace(plain, definitions=(part("narrow", found, 1.5), part("wide", found, 3.0)))
    one, two = tested(plain, found), tested(claim, found)
    assert [d.p_pass for d in two.definitions] == pytest.approx([1 / 3, 2 / 3]) and [d.value for d in two.definitions] == [2.0, 2.0]
    assert (one.p_pass, one.value, one.parts) == (two.p_pass, two.value, two.parts)
    assert claim.arms(found.experiment) == plain.arms(found.experiment)  # nothing more is run with parts switched off
    assert tested(claim, found, controls=False).definitions == ()
