"""Order conditions of Runge-Kutta and Rosenbrock methods: rooted trees, and what a method leaves of each condition."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from serdsim.codegen.method import Method

Tree = tuple["Tree", ...]  # the trees that hang on the root, sorted


@cache
def trees(order: int) -> tuple[Tree, ...]:
    """Return all rooted trees with `order` vertices."""
    return tuple(dict.fromkeys(tuple(sorted(children)) for children in _forests(order - 1)))


def _forests(vertices: int) -> Iterator[tuple[Tree, ...]]:
    if vertices == 0:
        yield ()
    for first in range(1, vertices + 1):
        for tree in trees(first):
            for rest in _forests(vertices - first):
                yield (tree, *rest)


def size(tree: Tree) -> int:
    return 1 + sum(size(child) for child in tree)


def density(tree: Tree) -> int:
    return size(tree) * int(np.prod([density(child) for child in tree], initial=1, dtype=int))


def _lower(rows: tuple[tuple[float, ...], ...], stages: int) -> np.ndarray:
    table = np.zeros((stages, stages))
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return table


class Classical:
    """A method in its classical form: alpha and beta = alpha + gamma per stage, and how u is made of the slopes."""

    def __init__(self, method: Method) -> None:
        count = method.stages
        transformed = _lower(method.a, count)
        self.made = np.eye(count)  # u = made @ (h k); the identity for an explicit method
        if method.implicit:
            self.made = np.linalg.inv(np.eye(count) / method.gamma - _lower(method.c, count))
        self.alpha = transformed @ self.made
        self.beta = self.alpha + self.made if method.implicit else self.alpha
        self.weights = np.array(method.m) @ self.made
        self.errors = np.array(method.e) @ self.made
        self.dense = np.array(method.dense) @ self.made

    def weights_at(self, x: float) -> np.ndarray:
        """Return the weights of the dense output at the part `x` of a step."""
        k0, k1, k2 = self.dense
        return np.asarray(x * (self.weights + (1.0 - x) * (k0 + x * (k1 + x * k2))))

    def of(self, tree: Tree) -> np.ndarray:
        """Return the elementary weight of each stage; a vertex with one child hangs on beta, one with several on alpha."""
        if len(tree) == 1:
            return np.asarray(self.beta @ self.of(tree[0]))
        return np.asarray(np.prod([self.alpha @ self.of(child) for child in tree] or [np.ones(len(self.alpha))], axis=0))

    def left(self, weights: np.ndarray, order: int, x: float = 1.0) -> np.ndarray:
        """Return what is left of each condition up to an order: sum of weights times stages - x^size / density."""
        every = [tree for n in range(1, order + 1) for tree in trees(n)]
        return np.array([weights @ self.of(tree) - x ** size(tree) / density(tree) for tree in every])

    def at_infinity(self, weights: np.ndarray) -> float:
        """Return the stability function of a Rosenbrock method at minus infinity."""
        return float(1.0 - weights @ np.linalg.solve(self.beta, np.ones(len(self.beta))))
