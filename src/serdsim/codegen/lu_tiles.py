"""Loops over 4 x 4 tiles for the dense trailing block of a sparse LU."""

from __future__ import annotations

from serdsim.codegen.lu_body import Body
from serdsim.codegen.lu_form import TILE

_EVERY = range(TILE)
_NUMBERS = TILE * TILE


def tile_functions(states: int, lanes: int, *, fma: bool, prefix: str) -> str:
    """Return IR of ``@{prefix}lu_tiles(ptr A)`` and ``@{prefix}solve_tiles(ptr A, ptr x)``.

    Parameters
    ----------
    states : int
        Rows of the block, a multiple of 4.
    lanes : int
        Numbers per vector.
    fma : bool
        Whether to fuse products and differences.
    prefix : str
        Before the names.
    """
    factor = _Tiles(lanes, fma, states // TILE)
    factor.factor()
    solve = _Tiles(lanes, fma, states // TILE)
    solve.forward()
    solve.backward()
    return factor.define(f"{prefix}lu_tiles", ("A",)) + solve.define(f"{prefix}solve_tiles", ("A", "x"))


class _Tiles(Body):
    def __init__(self, lanes: int, fma: bool, count: int) -> None:
        super().__init__(lanes, fma)
        self.count = count

    def factor(self) -> None:
        """Go through the rows of tiles; within a row from left to right, each tile at once for all earlier pivots."""
        with self.loop("0", str(self.count)) as i:
            with self.loop("0", i.index) as j:
                place = self.tile(i.index, j.index)
                numbers = self.updated(i.index, j.index, j.index)
                above = self.tile(j.index, j.index)
                for k in _EVERY:
                    for c in range(k + 1, TILE):
                        u = self.number(above, k, c)
                        for r in _EVERY:
                            numbers[TILE * r + c] = self.minus_product(numbers[TILE * r + c], numbers[TILE * r + k], u)
                self.put(numbers, place)
            pivot_tile = self.tile(i.index, i.index)
            numbers = self.updated(i.index, i.index, i.index)
            pivots = self.factor_pivots(numbers)
            self.put(numbers, pivot_tile)
            after = self.let(f"add nsw i64 {i.index}, 1")
            with self.loop(after, str(self.count)) as j:
                place = self.tile(i.index, j.index)
                right = self.updated(i.index, j.index, i.index)
                self.scale_rows(right, numbers, pivots)
                self.put(right, place)
            self.scale_columns(i.index, pivot_tile, numbers, pivots)

    def factor_pivots(self, numbers: list[str]) -> list[str]:
        """Factor a tile on the diagonal; its part of L is not scaled yet."""
        pivots: list[str] = []
        for k in _EVERY:
            pivots.append(self.inverse(numbers[TILE * k + k]))
            numbers[TILE * k + k] = pivots[k]
            for c in range(k + 1, TILE):
                numbers[TILE * k + c] = self.times(numbers[TILE * k + c], pivots[k])
                for r in range(k + 1, TILE):
                    numbers[TILE * r + c] = self.minus_product(numbers[TILE * r + c], numbers[TILE * r + k], numbers[TILE * k + c])
        return pivots

    def scale_rows(self, right: list[str], left: list[str], pivots: list[str]) -> None:
        for k in _EVERY:
            for c in _EVERY:
                right[TILE * k + c] = self.times(right[TILE * k + c], pivots[k])
                for r in range(k + 1, TILE):
                    right[TILE * r + c] = self.minus_product(right[TILE * r + c], left[TILE * r + k], right[TILE * k + c])

    def scale_columns(self, row: str, pivot_tile: str, numbers: list[str], pivots: list[str]) -> None:
        """Scale L of a row of tiles, which nobody reads as it was any more."""
        for r in _EVERY:
            for c in range(r):
                self.store(self.times(numbers[TILE * r + c], pivots[c]), self.inner(pivot_tile, r, c))
        with self.loop("0", row) as k:
            above, place = self.tile(k.index, k.index), self.tile(row, k.index)
            for c in _EVERY:
                pivot = self.number(above, c, c)
                for r in _EVERY:
                    self.store(self.times(self.number(place, r, c), pivot), self.inner(place, r, c))

    def updated(self, row: str, column: str, stop: str) -> list[str]:
        """Return the numbers of a tile less the products of all tiles before `stop`."""
        place = self.tile(row, column)
        with self.loop("0", stop, [self.number(place, r, c) for r in _EVERY for c in _EVERY]) as k:
            left, above = self.tile(row, k.index), self.tile(k.index, column)
            for inner in _EVERY:
                across = [self.number(above, inner, c) for c in _EVERY]
                for r in _EVERY:
                    factor = self.number(left, r, inner)
                    for c in _EVERY:
                        k.following[TILE * r + c] = self.minus_product(k.following[TILE * r + c], factor, across[c])
        return list(k.carried)

    def forward(self) -> None:
        with self.loop("0", str(self.count)) as i:
            with self.loop("0", i.index, self.part(i.index)) as k:
                place, known = self.tile(i.index, k.index), self.part(k.index)
                for c in _EVERY:
                    for r in _EVERY:
                        k.following[r] = self.minus_product(k.following[r], self.number(place, r, c), known[c])
            value, place = list(k.carried), self.tile(i.index, i.index)
            for c in _EVERY:
                for r in range(c + 1, TILE):
                    value[r] = self.minus_product(value[r], self.number(place, r, c), value[c])
            self.put_part(value, i.index)

    def backward(self) -> None:
        with self.loop(str(self.count), "0", down=True) as i:
            corner = self.tile(i.index, i.index)
            scaled = [self.times(value, self.number(corner, r, r)) for r, value in enumerate(self.part(i.index))]
            after = self.let(f"add nsw i64 {i.index}, 1")
            with self.loop(str(self.count), after, scaled, down=True) as k:
                place, known = self.tile(i.index, k.index), self.part(k.index)
                for c in reversed(_EVERY):
                    for r in _EVERY:
                        k.following[r] = self.minus_product(k.following[r], self.number(place, r, c), known[c])
            value = list(k.carried)
            for c in reversed(_EVERY):
                for r in range(c):
                    value[r] = self.minus_product(value[r], self.number(corner, r, c), value[c])
            self.put_part(value, i.index)

    def tile(self, row: str, column: str) -> str:
        first = self.let(f"mul nsw i64 {row}, {self.count}")
        index = self.let(f"add nsw i64 {first}, {column}")
        return self.let(f"getelementptr [{_NUMBERS} x {self.vector}], ptr %A, i64 {index}")

    def inner(self, tile: str, r: int, c: int) -> str:
        return self.let(f"getelementptr {self.vector}, ptr {tile}, i64 {TILE * r + c}")

    def number(self, tile: str, r: int, c: int) -> str:
        return self.load(self.inner(tile, r, c))

    def put(self, numbers: list[str], tile: str) -> None:
        for index, number in enumerate(numbers):
            self.store(number, self.inner(tile, *divmod(index, TILE)))

    def part(self, index: str) -> list[str]:
        place = self.let(f"getelementptr [{TILE} x {self.vector}], ptr %x, i64 {index}")
        return [self.load(self.inner(place, 0, c)) for c in _EVERY]

    def put_part(self, value: list[str], index: str) -> None:
        place = self.let(f"getelementptr [{TILE} x {self.vector}], ptr %x, i64 {index}")
        for c, number in enumerate(value):
            self.store(number, self.inner(place, 0, c))
