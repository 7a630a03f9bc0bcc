import math

import libsbml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serdsim.model.expression import AVOGADRO, Apply, Expression, Number, Symbol
from serdsim.model.expression_text import text_of
from serdsim.model.mathml import Scope, to_expression


def formula(text: str) -> Expression:
    return to_expression(libsbml.parseL3Formula(text), Scope())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time", Symbol("time")),
        ("avogadro", Number(AVOGADRO)),
        ("pi", Number(math.pi)),
        ("true", Number(1.0)),
        ("log10(x)", Apply("log", (Number(10.0), Symbol("x")))),
        ("log(2, x)", Apply("log", (Number(2.0), Symbol("x")))),
        ("sqrt(x)", Apply("root", (Number(2.0), Symbol("x")))),
        ("x < y < z", Apply("and", (Apply("lt", (Symbol("x"), Symbol("y"))), Apply("lt", (Symbol("y"), Symbol("z")))))),
        ("acsch(x)", Apply("arccsch", (Symbol("x"),))),
        ("plus()", Number(0.0)),
        ("max(x)", Symbol("x")),
        ("1.5e-3", Number(0.0015)),
        ("(1/3)", Number(1 / 3)),
        ("implies(x, y)", Apply("implies", (Symbol("x"), Symbol("y")))),
        ("rateOf(x)", Apply("rateOf", (Symbol("x"),))),
        ("quotient(x, y)", Apply("quotient", (Symbol("x"), Symbol("y")))),
    ],
)
def test_mathematics(text: str, expected: Expression) -> None:
    assert formula(text) == expected


names = st.sampled_from(["x", "y", "k_1"]).map(Symbol)
numbers = st.integers(1, 9).map(lambda n: Number(n + 0.5))
expressions: st.SearchStrategy[Expression] = st.recursive(
    names | numbers,
    lambda inner: (
        st.tuples(st.sampled_from(["plus", "times", "minus", "divide", "power", "lt", "and", "min"]), inner, inner).map(
            lambda t: Apply(t[0], t[1:])
        )
        | st.tuples(st.sampled_from(["exp", "minus", "abs"]), inner).map(lambda t: Apply(t[0], t[1:]))
    ),
    max_leaves=8,
)


@given(expressions)
def test_written_formulas_are_read_back(expression: Expression) -> None:
    text = text_of(expression)
    assert formula(text) == formula(text_of(formula(text)))
