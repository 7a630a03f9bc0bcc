"""Infusions: inputs of the equations, and what a dosing sentence makes of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from little_models import model
from serdsim.codegen.equations import derive
from serdsim.codegen.infusion import with_infusions
from serdsim.codegen.kernel import build
from serdsim.dosing.regimen import parse_regimen
from serdsim.errors import ModelError, RegimenError
from serdsim.simulation import simulate_named

OWN = """model own
  unit time_unit = 60 second; unit substance = 1e-6 mole; unit extent = 1e-6 mole; unit volume = litre; unit L = litre;
  unit uM = 1e-6 mole/litre; unit flow = litre/(60 second);
  compartment V = 20; V has L; species C in V; C = 0; C has uM; CL = 0.02; CL has flow;
  E: C -> ; CL*C;
end
"""


def test_an_infusion_is_one_more_input_of_the_derivative() -> None:
    plain = derive(model("compartment V = 2; species C in V; C = 1; species X in V; X = 3; C -> X; 0.6*C"))
    infused = with_infusions(plain, ("X", "X"))
    assert infused.given == (*plain.given, "infusion_into_X")
    assert infused.constants == (*plain.constants, "infusion_into_X")
    kernel = build(infused)
    values = dict(zip(infused.given, [0.0] * len(infused.given), strict=True)) | {"V": 2.0, "C": 1.0, "X": 3.0, "infusion_into_X": 5.0}
    state, inputs = kernel.start([values[id] for id in infused.given])
    assert state == (2.0, 6.0)
    assert kernel.rhs(0.0, state, kernel.fixed(inputs)) == pytest.approx((-0.6, 5.6))
    assert with_infusions(plain, ()) is plain


@pytest.mark.parametrize(
    ("text", "species", "words"),
    [
        ("species A = 1; k = 1; A -> ; k*A", "k", "k: nothing can be infused"),
        ("species A = 1; infusion_into_A = 1; A -> ; infusion_into_A*A", "A", "an entity of the name of an infusion"),
        ("species A = 1; A -> ; 0.1*A; r := rateOf(A)", "A", "rateOf"),
    ],
)
def test_what_cannot_be_infused_is_refused(text: str, species: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        with_infusions(derive(model(text)), (species,))


def own_model(folder: Path, text: str = OWN) -> str:
    path = folder / "own.ant"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_sentence_infuses_and_injects_into_a_named_species(tmp_path: Path) -> None:
    regimen = parse_regimen("C 4000 nmol iv-inf 10 h q6h x 2 + C 2 umol iv from 3 h")
    found = simulate_named(own_model(tmp_path), regimen, duration_h=24.0, outputs=["C"])
    k, t = 0.02 / 20 * 60, np.arange(25.0)  # 1/h

    def infusion(start: float) -> np.ndarray:
        return 0.4 / k * -np.expm1(-k * np.clip(t - start, 0.0, 10.0)) * np.exp(-k * np.maximum(t - start - 10.0, 0.0))

    exact = infusion(0.0) + infusion(6.0) + np.where(t >= 3.0, 2.0 * np.exp(-k * np.maximum(t - 3.0, 0.0)), 0.0)
    assert found.dataset["C"].values[0] == pytest.approx(exact / 20.0, rel=1e-6)


def test_a_model_that_counts_masses_takes_masses(tmp_path: Path) -> None:
    text = OWN.replace("1e-6 mole", "1e-3 gram")
    found = simulate_named(own_model(tmp_path, text), parse_regimen("C 3 g iv"), duration_h=10.0, outputs=["C"])
    assert found.dataset["C"].values[0, -1] == pytest.approx(150.0 * math.exp(-0.6), rel=1e-6)
    with pytest.raises(RegimenError, match="counts masses"):
        simulate_named(own_model(tmp_path, text), parse_regimen("C 3 nmol"))


@pytest.mark.parametrize(
    ("name", "sentence", "words"),
    [
        ("own", "C 1 umol po", "does not say where the route po leads"),
        ("own", "C 1 umol im", "does not say where the route im leads"),
        ("own", "C 1 mg iv", "cannot take a mass"),
        ("own", "X 1 umol iv-inf 2 h", 'no species "X"'),
        ("cell", "imlunestrant 1 nmol iv", "has one way in"),
    ],
)
def test_routes_that_lead_nowhere_are_refused(tmp_path: Path, name: str, sentence: str, words: str) -> None:
    with pytest.raises(RegimenError, match=words):
        simulate_named(own_model(tmp_path) if name == "own" else name, parse_regimen(sentence))


@pytest.mark.parametrize(
    ("length", "start"), [("1e-13 h", "0 h"), ("1e-9 h", "0 h"), ("5e-9 h", "8000 h"), ("1e-6 h", "8000 h"), ("1e-4 h", "8000 h")]
)
def test_no_infusion_is_too_short_for_its_dose(length: str, start: str) -> None:
    """Its ends may be one instant, or further apart by too few digits."""
    found = simulate_named("pk_human", f"imlunestrant 400 mg iv-inf {length} once from {start}", outputs=["drug_given_and_gone"])
    assert float(found.dataset["drug_given_and_gone"].values.ravel()[-1]) == pytest.approx(400e6 / 524.5, rel=1e-6)
