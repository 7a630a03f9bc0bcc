"""Order of elimination, fill and storage of a sparse W = L D U whose pivots stay on the diagonal.

L and U have ones on their diagonals. The scaling of both costs the factorisation one multiplication per number and takes every
multiplication off the two chains of a solve: there one row waits for the row before it for a single fused multiply-add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serdsim.codegen.lu_form import SOLVES, TILE, UNROLLED, Form, bits, choose_form, products

Row = tuple[tuple[int, int], ...]
_WEIGHTS = (2, SOLVES)  # what one number of fill costs, in multiply-adds of the factorisation


@dataclass(frozen=True)
class Factorisation:
    """What is to be done to factor a matrix of one pattern, and where its numbers stand.

    Attributes
    ----------
    n : int
        Number of states.
    order : tuple of int
        States in order of elimination; a place in this order is called position.
    slots : mapping of (row, column) to int
        Index in the block of values, by states: structural non-zeros, the whole diagonal, fill.
    fill : tuple of int
        Slots that the Jacobian does not write.
    size : int
        Number of slots.
    flops, solve_flops : int
        Floating-point operations of one factorisation and of one solve; a multiply-add is two.
    lower : tuple of rows, by position
        Pairs (earlier position, slot), positions rising.
    upper : tuple of rows, by position
        Pairs (later position, slot), positions falling.
    diagonal : tuple of int, by position
        Slots of the pivots.
    form : Form
        How it is written. From position `form.dense` on the matrix is stored in full, in tiles of 4 x 4.
    tiles : int
        First slot of the tiles, row after row; the numbers of a tile stand row after row.
    """

    n: int
    order: tuple[int, ...]
    slots: Mapping[tuple[int, int], int]
    fill: tuple[int, ...]
    size: int
    flops: int
    solve_flops: int
    lower: tuple[Row, ...]
    upper: tuple[Row, ...]
    diagonal: tuple[int, ...]
    form: Form
    tiles: int


def factorise(n: int, pattern: Iterable[tuple[int, int]], *, unrolled: int = UNROLLED, dense: int | None = None) -> Factorisation:
    """Return the factorisation of least cost among those tried; the same pattern gives the same answer in any order.

    Parameters
    ----------
    n : int
        Number of states.
    pattern : iterable of (row, column)
        Structural non-zeros of the Jacobian; the diagonal is added.
    unrolled : int
        Largest number of operations of straight code.
    dense : int, optional
        Number of states in tiles, a multiple of 4, instead of the one of least estimated cost.

    Raises
    ------
    ValueError
        When `dense` is not a multiple of 4 between 0 and `n`.
    """
    rows = [1 << i for i in range(n)]
    for row, column in pattern:
        rows[row] |= 1 << column
    tried = [_eliminate(rows, weight) for weight in _WEIGHTS]
    order, lines = min(tried, key=lambda one: _cost(one[1]))
    form = choose_form(lines, unrolled, dense)
    first = form.dense
    for i in range(first, n):
        lines[i] |= (1 << n) - (1 << first)
    lower, upper, diagonal = _storage(lines, first)
    slots = {(order[i], order[k]): slot for i, line in enumerate(lower) for k, slot in line}
    slots |= {(order[i], order[j]): slot for i, line in enumerate(upper) for j, slot in line}
    slots |= {(order[i], order[i]): slot for i, slot in enumerate(diagonal)}
    beside = len(slots) - n
    return Factorisation(
        n=n,
        order=tuple(order),
        slots=dict(sorted(slots.items())),
        fill=tuple(sorted(slot for (row, column), slot in slots.items() if not rows[row] >> column & 1)),
        size=len(slots),
        flops=sum(2 * len(upper[k]) for line in lower for k, _ in line) + beside + n,
        solve_flops=2 * beside + n,
        lower=lower,
        upper=upper,
        diagonal=diagonal,
        form=form,
        tiles=len(slots) - (n - first) ** 2,
    )


def lu_numpy(f: Factorisation, w: NDArray[np.float64]) -> None:
    """Factor in place what `lu_functions` factors, with the same operations in the same order.

    Parameters
    ----------
    f : Factorisation
        Of the pattern.
    w : array of shape (size, lanes)
        Values by slot; what the fill slots hold does not matter.
    """
    unset = set(f.fill)
    for i, line in enumerate(f.lower):
        places = dict(line) | dict(f.upper[i]) | {i: f.diagonal[i]}
        value = {j: np.zeros(w.shape[1]) if slot in unset else w[slot].copy() for j, slot in places.items()}
        for k, slot in line:
            factor = value[k]
            for j, across in f.upper[k]:
                value[j] = value[j] - factor * w[across]
            w[slot] = factor * w[f.diagonal[k]]
        w[f.diagonal[i]] = 1.0 / value[i]
        for j, slot in f.upper[i]:
            w[slot] = value[j] * w[f.diagonal[i]]


def solve_numpy(f: Factorisation, w: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    """Solve in place after `lu_numpy`; `b` has the shape (n, lanes) and the order of the states."""
    for i, line in enumerate(f.lower):
        for k, slot in line:
            b[f.order[i]] = b[f.order[i]] - w[slot] * b[f.order[k]]
    for i in reversed(range(f.n)):
        b[f.order[i]] = b[f.order[i]] * w[f.diagonal[i]]
        for j, slot in f.upper[i]:
            b[f.order[i]] = b[f.order[i]] - w[slot] * b[f.order[j]]


def _eliminate(rows: list[int], weight: int) -> tuple[list[int], list[int]]:
    """Return order and filled rows, by position, when each pivot is the one of the least products and weighted fill."""
    rows, n = list(rows), len(rows)
    columns = [sum(1 << i for i in range(n) if rows[i] >> j & 1) for j in range(n)]
    order: list[int] = []
    filled = list(rows)
    alive = list(range(n))
    while alive:
        pivot = min(alive, key=lambda k: (_pivot_cost(rows, columns, k, weight), k))
        bit = 1 << pivot
        alive.remove(pivot)
        order.append(pivot)
        across, down = rows[pivot] & ~bit, columns[pivot] & ~bit
        for i in bits(down):
            filled[i] |= across
            rows[i] = (rows[i] | across) & ~bit
        for j in bits(across):
            columns[j] = (columns[j] | down) & ~bit
    position = {state: i for i, state in enumerate(order)}
    return order, [sum(1 << position[j] for j in bits(filled[state])) for state in order]


def _pivot_cost(rows: list[int], columns: list[int], pivot: int, weight: int) -> int:
    bit = 1 << pivot
    across, down = rows[pivot] & ~bit, columns[pivot] & ~bit
    fill = sum((across & ~rows[i]).bit_count() for i in bits(down))
    return across.bit_count() * down.bit_count() + weight * fill


def _cost(lines: list[int]) -> int:
    return sum(SOLVES * line.bit_count() for line in lines) + sum(products(lines))


def _storage(lines: list[int], first: int) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[int, ...]]:
    """Give slots in the order in which a solve reads them: rows of L forward, pivots and rows of U backward, then the tiles."""
    n = len(lines)
    count = 0
    slot: dict[tuple[int, int], int] = {}
    forward = ((i, j) for i, line in enumerate(lines) for j in bits(line) if j < min(i, first))
    backward = ((i, j) for i in reversed(range(first)) for j in (i, *reversed([*bits(lines[i] >> i + 1 << i + 1)])))
    for count, place in enumerate((*forward, *backward), 1):
        slot[place] = count - 1
    width = (n - first) // TILE
    for i in range(first, n):
        for j in range(first, n):
            (down, r), (across, c) = divmod(i - first, TILE), divmod(j - first, TILE)
            slot[i, j] = count + TILE * TILE * (down * width + across) + TILE * r + c
    lower = tuple(tuple((k, slot[i, k]) for k in bits(lines[i]) if k < i) for i in range(n))
    upper = tuple(tuple((j, slot[i, j]) for j in reversed([*bits(lines[i])]) if j > i) for i in range(n))
    return lower, upper, tuple(slot[i, i] for i in range(n))
