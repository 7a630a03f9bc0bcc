"""Sums of states that the equations conserve, read from the terms of the derivatives.

Every derivative is written out as a sum of products of what moves, with numbers in front: a reaction that takes from one state
what it brings to another gives both the same product. A sum is conserved when all its products cancel, whatever they are worth.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from serdsim.codegen.equations import Equations
from serdsim.model.expression import Expression, Number, Symbol

Product = tuple[int, ...]  # numbers of factors, sorted
Terms = dict[Product, float]
_TINY = 1e-11
_MOST_TERMS = 64


def conserved_sums(equations: Equations, constants: Mapping[str, float]) -> np.ndarray:
    """Return weights of the states (amounts), one row per independent sum that never changes, shape (sum, state).

    Parameters
    ----------
    equations : Equations
    constants : mapping of str to float
        Values of all inputs and fixed assignments.
    """
    writer = _Writer(equations, constants)
    rows = [writer.terms(derivative) for derivative in equations.derivatives]
    products = {product: number for number, product in enumerate(dict.fromkeys(product for row in rows for product in row))}
    table = np.zeros((len(rows), len(products)))
    for number, row in enumerate(rows):
        for product, value in row.items():
            table[number, products[product]] = value
    table /= np.maximum(np.max(np.abs(table), axis=0, initial=0.0), 1e-300)
    scale = np.max(np.abs(table), axis=1, initial=0.0)
    scale[scale == 0.0] = 1.0
    left, sizes, _ = np.linalg.svd(table / scale[:, None], full_matrices=True)
    sizes = np.concatenate([sizes, np.zeros(len(rows) - len(sizes))])
    largest = float(np.max(sizes, initial=0.0))
    return _told_apart(np.asarray(left[:, sizes <= _TINY * largest].T / scale))


class _Writer:
    """Writes expressions out as sums of products."""

    def __init__(self, equations: Equations, constants: Mapping[str, float]) -> None:
        self.moving, self.constants = dict(equations.moving), constants
        self.known: dict[str, Terms] = {}
        self.factors: dict[Hashable, int] = {}

    def terms(self, expression: Expression) -> Terms:
        """Return number by product; what is no sum of products is one factor."""
        if isinstance(expression, Number):
            return {(): expression.value}
        if isinstance(expression, Symbol):
            return self.symbol(expression.id)
        args = expression.args
        if expression.op == "plus":
            return _sum([(1.0, self.terms(arg)) for arg in args])
        if expression.op == "minus":
            return _sum([(sign, self.terms(arg)) for sign, arg in zip((1.0, -1.0) if len(args) == 2 else (-1.0,), args, strict=True)])
        if expression.op == "times":
            result: Terms = {(): 1.0}
            for arg in args:
                result = self.product(result, self.terms(arg))
            return result
        if expression.op == "divide":
            return self.product(self.terms(args[0]), self.inverse(self.terms(args[1])))
        return self.factor(expression.op, *(_key(self.terms(arg)) for arg in args))

    def symbol(self, id: str) -> Terms:
        if id in self.constants:
            return {(): self.constants[id]}
        if id not in self.moving:
            return self.factor("symbol", id)
        if id not in self.known:
            self.known[id] = self.terms(self.moving[id])
        return self.known[id]

    def factor(self, *what: Hashable) -> Terms:
        """Return the product of one factor that is not written out."""
        return {(self.factors.setdefault(what, len(self.factors)),): 1.0}

    def product(self, a: Terms, b: Terms) -> Terms:
        if len(a) * len(b) > _MOST_TERMS:
            a, b = (self.factor("sum", _key(terms)) if len(terms) > 1 else terms for terms in (a, b))
        return _sum([(1.0, {tuple(sorted(left + right)): x * y}) for left, x in a.items() for right, y in b.items()])

    def inverse(self, terms: Terms) -> Terms:
        number = terms.get((), 0.0)
        return {(): 1.0 / number} if len(terms) == 1 and number else self.factor("inverse", _key(terms))


def _key(terms: Terms) -> Hashable:
    return frozenset(terms.items())


def _sum(parts: list[tuple[float, Terms]]) -> Terms:
    total: Terms = {}
    for sign, terms in parts:
        for product, value in terms.items():
            total[product] = total.get(product, 0.0) + sign * value
    return {product: value for product, value in total.items() if value != 0.0}


def _told_apart(sums: np.ndarray) -> np.ndarray:
    """Return the same sums with as few members each as elimination gives, the largest weight 1."""
    row = 0
    for column in range(sums.shape[1]):
        if row == len(sums):
            break
        sums /= np.max(np.abs(sums), axis=1, keepdims=True)
        pivot = row + int(np.argmax(np.abs(sums[row:, column])))
        if abs(sums[pivot, column]) < 1e-9:
            continue
        sums[[row, pivot]] = sums[[pivot, row]]
        others = np.arange(len(sums)) != row
        sums[others] -= np.outer(sums[others, column] / sums[row, column], sums[row])
        row += 1
    sums[np.abs(sums) < 1e-9 * np.max(np.abs(sums), axis=1, initial=0.0, keepdims=True)] = 0.0
    return np.asarray([own / own[np.argmax(np.abs(own))] for own in sums]).reshape(sums.shape)
