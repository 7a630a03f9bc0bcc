"""Which form the code of a sparse LU takes: straight code, loops over index lists, tiles for a dense trailing block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SOLVES = 8  # per factorisation, in one step of Rodas5P
TILE = 4
UNROLLED = 9_000  # operations of straight code: LLVM compiles about 8,000 per second
# cycles on Zen 5 with eight lanes: (multiply-add, number stored, number of the tiles taken up and put back, number read in a solve)
_STRAIGHT = (1.0, 1.0, 1.5, 0.8)
_LISTED = (3.0, 2.0, 0.0, 2.0)
_TILED = (0.55, 1.0, 0.8)
_TILE, _TILE_ROW = 20.0, 60.0  # cycles of a factorisation for each tile, of a solve for each row of tiles


@dataclass(frozen=True)
class Form:
    """How a factorisation is written.

    Attributes
    ----------
    dense : int
        First position of the tiles.
    unrolled : bool
        Whether the factorisation outside the tiles is straight code.
    unrolled_solve : bool
        Whether the whole solve is, the tiles included.
    """

    dense: int
    unrolled: bool
    unrolled_solve: bool


@dataclass(frozen=True)
class _Head:
    """What is to be done outside the tiles: multiply-adds, numbers, numbers inside the tiles that the rest changes."""

    products: int
    numbers: int
    touched: int


def bits(mask: int) -> Iterator[int]:
    """Yield the places of the ones, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def products(lines: list[int]) -> list[int]:
    """Return for each pivot the multiply-adds of its elimination.

    Parameters
    ----------
    lines : list of int
        Rows of the filled matrix by position, as bit masks.
    """
    below = [0] * len(lines)
    for i, line in enumerate(lines):
        for k in bits(line & ((1 << i) - 1)):
            below[k] += 1
    return [down * (line >> k + 1).bit_count() for k, (down, line) in enumerate(zip(below, lines, strict=True))]


def choose_form(lines: list[int], unrolled: int, dense: int | None) -> Form:
    """Return the form of least estimated time for one factorisation and eight solves.

    Parameters
    ----------
    lines : list of int
        Rows of the filled matrix by position, as bit masks.
    unrolled : int
        Largest number of operations of straight code.
    dense : int, optional
        Number of states in tiles.

    Raises
    ------
    ValueError
        When `dense` is not a multiple of 4 between 0 and the number of states.
    """
    n = len(lines)
    if dense is not None and (dense % TILE or not 0 <= dense <= n):
        raise ValueError(f"{dense} states in tiles of {TILE}: a multiple of {TILE} up to {n} is possible")
    every = products(lines)
    best: tuple[float, Form] | None = None
    for size in range(0, n + 1, TILE) if dense is None else [dense]:
        head = _head(lines, every, n - size)
        for straight, straight_solve in ((True, True), (True, False), (False, False)):
            operations = head.products + head.numbers + head.touched + head.numbers + size * size * straight_solve
            if straight and operations > unrolled:
                continue
            cycles = _cycles(head, size, straight, straight_solve)
            if best is None or cycles < best[0]:
                best = cycles, Form(n - size, straight, straight_solve)
    assert best is not None
    return best[1]


def _head(lines: list[int], every: list[int], first: int) -> _Head:
    inside = sum((line >> first).bit_count() for line in lines[first:])
    touched = 0
    for line in lines[first:]:
        changed = 0
        for k in bits(line & ((1 << first) - 1)):
            changed |= lines[k] >> first
        touched += changed.bit_count()
    return _Head(sum(every[:first]), sum(line.bit_count() for line in lines) - inside, touched)


def _cycles(head: _Head, size: int, straight: bool, straight_solve: bool) -> float:
    add, store, touch, read = _STRAIGHT if straight else _LISTED
    outside = head.products * add + head.numbers * (store + SOLVES * read) + head.touched * touch
    add, store, read = _TILED
    factor = size * (size - 1) * (2 * size - 1) / 6 * add + size * size * store + (size // TILE) ** 2 * _TILE
    solve = size * size * read + (0.0 if straight_solve else size // TILE * _TILE_ROW)
    return outside + factor + SOLVES * solve
