"""Levels and conditions of the map: arithmetic of model ids, read from text and computed over time."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from serdsim.errors import ClaimError, Issue

_CONDITION = re.compile(r"(.+?)\s*([<>])\s*(.+?)(\s+of\s+start)?")
_OPERATORS: dict[type, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Level:
    """An expression of model ids, numbers, ``+ - * / ^`` and brackets."""

    text: str
    ids: tuple[str, ...]

    def over(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the expression for every moment of `values`."""
        return np.asarray(_compute(_tree(self.text), values), float)


@dataclass(frozen=True)
class Condition:
    """``level < level``, the right side as a multiple of the left side's start where `of_start`."""

    text: str
    left: Level
    below: bool
    right: Level
    of_start: bool

    def holds(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return for every moment whether the condition holds; what is not a number does not hold."""
        left, right = self.left.over(values), self.right.over(values)
        if self.of_start:
            right = right * left[0]
        return np.asarray(left < right if self.below else left > right)


def read_level(text: object, id: str, file: str) -> Level:
    """Return the level that a text names.

    Raises
    ------
    ClaimError
        For anything that is not arithmetic of ids.
    """
    try:
        tree = _tree(str(text))
        ids = tuple(dict.fromkeys(part.id for part in ast.walk(tree) if isinstance(part, ast.Name)))
        _compute(tree, dict.fromkeys(ids, np.ones(1)))
    except (SyntaxError, ValueError):
        problem = f'"{text}" cannot be read as a level'
        expected, repair = "ids of the model, numbers, + - * / ^ and brackets", "Write arithmetic of these alone"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair=repair)) from None
    return Level(str(text), ids)


def read_condition(text: object, id: str, file: str) -> Condition:
    """Return the condition that a text names, such as ``er_total < 0.5 of start``.

    Raises
    ------
    ClaimError
        For a text that is no comparison of two levels.
    """
    found = _CONDITION.fullmatch(str(text).strip())
    if not found:
        problem, expected = f'"{text}" cannot be read as a condition', 'such as "er_total < 0.5 of start"'
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Write a level, < or >, and a level"))
    left, sign, right, of_start = found.groups()
    return Condition(str(text), read_level(left, id, file), sign == "<", read_level(right, id, file), of_start is not None)


def _tree(text: str) -> ast.expr:
    return ast.parse(text.replace("^", "**"), mode="eval").body


def _compute(node: ast.expr, values: Mapping[str, np.ndarray]) -> np.ndarray:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return np.asarray(float(node.value))
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_compute(node.left, values), _compute(node.right, values))
    raise ValueError(ast.dump(node))
