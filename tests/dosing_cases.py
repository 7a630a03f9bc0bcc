"""Models, individuals and engines of the dosing tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from little_models import given, model
from serdsim.codegen.equations import Equations, derive
from serdsim.codegen.kernel import build
from serdsim.dosing.records import Person, Record
from serdsim.engine import reference
from serdsim.engine.native import run_native
from serdsim.engine.plan import Arrays, Plan
from serdsim.simulation.recorded import Recorded, run_records

Integrate = Callable[[Equations, Plan], Arrays]

MODELS = {
    "iv1": "species A1 = 0; CL = 1; V = 1; A1 -> ; CL/V*A1; C := A1/V",
    "oral1": "species A1 = 0, A2 = 0; CL = 1; V = 1; KA = 1; A1 -> A2; KA*A1; A2 -> ; CL/V*A2; C := A2/V",
    "iv2": "species A1 = 0, A2 = 0; CL = 1; V1 = 1; Q = 1; V2 = 1; A1 -> ; CL/V1*A1; A1 -> A2; Q/V1*A1; A2 -> A1; Q/V2*A2; C := A1/V1",
    "oral2": "species A1 = 0, A2 = 0, A3 = 0; CL = 1; V2 = 1; Q = 1; V3 = 1; KA = 1; "
    "A1 -> A2; KA*A1; A2 -> ; CL/V2*A2; A2 -> A3; Q/V2*A2; A3 -> A2; Q/V3*A3; C := A2/V2",
    "oral3": "species A1 = 0, A2 = 0, A3 = 0, A4 = 0; CL = 1; V2 = 1; Q3 = 1; V3 = 1; Q4 = 1; V4 = 1; KA = 1; "
    "A1 -> A2; KA*A1; A2 -> ; CL/V2*A2; A2 -> A3; Q3/V2*A2; A3 -> A2; Q3/V3*A3; A2 -> A4; Q4/V2*A2; A4 -> A2; Q4/V4*A4; C := A2/V2",
    "mm1": "species A1 = 0; VMAX = 1; KM = 1; V = 1; A1 -> ; VMAX*(A1/V)/(KM + A1/V); C := A1/V",
}


def by_reference(equations: Equations, plan: Plan) -> Arrays:
    return reference.run(build(equations), plan)


ENGINES: dict[str, Integrate] = {"reference": by_reference, "compiled": run_native}


def observed(*times: float) -> tuple[Record, ...]:
    return tuple(Record(time) for time in times)


def run_people(
    text: str,
    people: Sequence[Sequence[Record]],
    outputs: Sequence[str] = ("C",),
    integrate: Integrate = by_reference,
    values: dict[str, Sequence[float]] | None = None,
    rtol: float = 1e-10,
) -> Recorded:
    """Run individuals; compartment k is the k-th species of the model, `values` are inputs of each individual."""
    of = model(text)
    equations = derive(of)
    block = given(of, equations.given, len(people))
    for id, row in (values or {}).items():
        block[equations.given.index(id)] = row
    persons = [Person(f"p{number}", tuple(records)) for number, records in enumerate(people)]
    species = dict(enumerate(of.species, start=1))
    return run_records(equations, block, persons, species, outputs, integrate, rtol=rtol)


def curve(text: str, records: Sequence[Record], output: str = "C", integrate: Integrate = by_reference) -> np.ndarray:
    """Return one output of one individual that ends well."""
    arrays = run_people(text, [records], (output,), integrate).arrays
    assert list(arrays.status) == ["ok"], arrays.message
    return np.asarray(arrays.values[0, :, 0])
