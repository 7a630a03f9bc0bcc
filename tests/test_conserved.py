"""Sums that the equations conserve are found from their terms, whatever the laws."""

from __future__ import annotations

import numpy as np
import pytest

from little_models import model
from serdsim.codegen.conserved import conserved_sums
from serdsim.codegen.equations import derive
from serdsim.codegen.kernel import build


def sums(text: str) -> tuple[tuple[str, ...], np.ndarray]:
    of = model(text)
    equations = derive(of)
    kernel = build(equations)
    inputs = kernel.start([float(of.quantity(id).value or 0.0) for id in equations.given])[1]
    ids = (*equations.constants, *(id for id, _ in equations.fixed))
    return equations.states, conserved_sums(equations, dict(zip(ids, kernel.fixed(inputs), strict=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("species A = 1, B = 0; A -> B; 0.3*A; B -> A; 0.7*B^2/(1 + B)", [{"A": 1.0, "B": 1.0}]),
        ("species A = 1, B = 0, AB = 0; A + B -> AB; 2*A*B; AB -> A + B; 0.1*AB", [{"A": 1.0, "AB": 1.0}, {"B": 1.0, "AB": 1.0}]),
        ("species A = 1, D = 0; 2 A -> D; A^2 - 0.3*D", [{"A": 0.5, "D": 1.0}]),
        ("species A = 1, X = 0; A -> X; 0.3*A; X -> ; 1e-7*X", []),
        ("compartment V = 4; species A in V; A = 1; Y = 0; A -> ; 0.5*A; Y' = A", [{"A": 1.0, "Y": 0.5}]),
        ("species A = 1, B = 2; A -> B; 3*A*B/(A + B); at (time > 1): k = 2; k = 1", [{"A": 1.0, "B": 1.0}, {"k": 1.0}]),
        ("species A = 1; -> A; 0.2; A -> ; 0.1*A", []),
    ],
)
def test_what_is_conserved(text: str, expected: list[dict[str, float]]) -> None:
    states, found = sums(text)
    wanted = np.array([[one.get(id, 0.0) for id in states] for one in expected]).reshape(-1, len(states))
    assert np.linalg.matrix_rank(np.vstack([found, wanted]), tol=1e-9) == len(found) == len(expected)
    assert all(np.max(row) == 1.0 for row in found)


def test_saturated_laws_do_not_look_conserved() -> None:
    text = "species A = 1, B = 1, C = 1; " + "; ".join(f"-> {x}; A^9/(1e-9 + A^9); {x} -> ; {k}*{x}" for x, k in (("B", 2), ("C", 3)))
    assert len(sums(text + "; A -> ; 0.1*A")[1]) == 0


def test_no_state_at_all() -> None:
    of = derive(model("k = 1; y := k"))
    assert np.shape(conserved_sums(of, {"k": 1.0})) == (0, 0)
