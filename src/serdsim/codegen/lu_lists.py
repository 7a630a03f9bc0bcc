"""Loops over index lists, for a sparse LU that is too large for straight code."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from serdsim.codegen.lu_body import Body
from serdsim.codegen.sparse_lu import Factorisation


def list_functions(f: Factorisation, lanes: int, *, fma: bool, prefix: str) -> str:
    """Return IR of ``@{prefix}lu_rows(W)``, ``@{prefix}solve_forward(W, b, x)`` and ``@{prefix}solve_backward(W, b, x)``.

    Rows of L and of U outside the tiles stand without gaps in the block of values, so that their places need no list.

    Parameters
    ----------
    f : Factorisation
        Of the pattern of W.
    lanes : int
        Numbers per vector.
    fma : bool
        Whether to fuse products and differences.
    prefix : str
        Before the names.
    """
    text = [_table(f"{prefix}lu_{name}", values) for name, values in _tables(f).items()]
    factor, forward, backward = (_Lists(lanes, fma, prefix, f.form.dense, f.n) for _ in range(3))
    factor.factor()
    forward.forward()
    backward.backward()
    text += [factor.define(f"{prefix}lu_rows", ("W",)), forward.define(f"{prefix}solve_forward", ("W", "b", "x"))]
    return "\n".join([*text, backward.define(f"{prefix}solve_backward", ("W", "b", "x"))])


def zero_function(slots: list[int], lanes: int, prefix: str) -> str:
    """Return IR of ``@{prefix}lu_zero(W)``, which empties some slots."""
    body = _Lists(lanes, False, prefix)
    with body.loop("0", str(len(slots))) as i:
        body.store("zeroinitializer", body.slot("W", body.entry("empty", i.index)))
    return f"{_table(f'{prefix}lu_empty', slots)}\n{body.define(f'{prefix}lu_zero', ('W',))}"


def _table(name: str, values: list[int]) -> str:
    return f"@{name} = internal constant [{len(values)} x i32] [{', '.join(f'i32 {value}' for value in values)}]"


def _tables(f: Factorisation) -> dict[str, list[int]]:
    unset = set(f.fill)
    lower = [[k for k, _ in row if k < f.form.dense] for row in f.lower]
    upper = [[j for j, _ in row] for row in f.upper[: f.form.dense]]
    places = [dict(f.lower[i]) | dict(f.upper[i]) | {i: f.diagonal[i]} for i in range(f.n)]
    targets = [places[i][j] for i in range(f.n) for k in lower[i] for j in upper[k]]
    zeros = [sorted(slot for slot in row.values() if slot in unset) for row in places]
    return {
        "order": list(f.order),
        "diagonal": list(f.diagonal),
        "zero_starts": _starts(map(len, zeros)),
        "zeros": [slot for row in zeros for slot in row],
        "lower_starts": _starts(map(len, lower)),
        "pivots": [k for row in lower for k in row],
        "lower_states": [f.order[k] for row in lower for k in row],
        "upper_lengths": [len(row) for row in upper],
        "upper_starts": _starts(map(len, upper)),
        "upper_states": [f.order[j] for row in upper for j in row],
        "target_starts": _starts(len(upper[k]) for row in lower for k in row),
        "targets": targets,
    }


def _starts(lengths: Iterable[int]) -> list[int]:
    return list(accumulate(lengths, initial=0))


class _Lists(Body):
    def __init__(self, lanes: int, fma: bool, prefix: str, head: int = 0, states: int = 0) -> None:
        super().__init__(lanes, fma)
        self.prefix, self.head, self.states = prefix, str(head), str(states)

    def factor(self) -> None:
        with self.loop("0", self.head) as i:
            self.eliminate(i.index)
            diagonal = self.entry("diagonal", i.index)
            inverse = self.inverse(self.load(self.slot("W", diagonal)))
            self.store(inverse, self.slot("W", diagonal))
            with self.loop("0", self.entry("upper_lengths", i.index)) as t:
                place = self.after(diagonal, t.index)
                self.store(self.times(self.load(place), inverse), place)
        with self.loop(self.head, self.states) as i:
            self.eliminate(i.index)

    def eliminate(self, row: str) -> None:
        with self.loop(*self.between("zero_starts", row)) as z:
            self.store("zeroinitializer", self.slot("W", self.entry("zeros", z.index)))
        with self.loop(*self.between("lower_starts", row)) as e:
            pivot, target = self.entry("pivots", e.index), self.entry("target_starts", e.index)
            place, diagonal = self.slot("W", e.index), self.entry("diagonal", pivot)
            factor = self.load(place)
            with self.loop("0", self.entry("upper_lengths", pivot)) as t:
                here = self.slot("W", self.entry("targets", self.plus(target, t.index)))
                self.store(self.minus_product(self.load(here), factor, self.load(self.after(diagonal, t.index))), here)
            self.store(self.times(factor, self.load(self.slot("W", diagonal))), place)

    def forward(self) -> None:
        with self.loop("0", self.head) as i:
            value, place = self.reduced(i.index)
            self.store(value, place)
        with self.loop(self.head, self.states) as i:
            value, _ = self.reduced(i.index)
            self.store(value, self.right_side(i.index))

    def reduced(self, row: str) -> tuple[str, str]:
        """Return the right-hand side less the products with L, and where it stands."""
        place = self.slot("b", self.entry("order", row))
        with self.loop(*self.between("lower_starts", row), [self.load(place)]) as e:
            known = self.load(self.slot("b", self.entry("lower_states", e.index)))
            e.following = [self.minus_product(e.carried[0], self.load(self.slot("W", e.index)), known)]
        return e.carried[0], place

    def backward(self) -> None:
        with self.loop(self.head, self.states) as i:
            self.store(self.load(self.right_side(i.index)), self.slot("b", self.entry("order", i.index)))
        with self.loop(self.head, "0", down=True) as i:
            place, diagonal = self.slot("b", self.entry("order", i.index)), self.entry("diagonal", i.index)
            scaled = self.times(self.load(place), self.load(self.slot("W", diagonal)))
            first = self.entry("upper_starts", i.index)
            with self.loop("0", self.entry("upper_lengths", i.index), [scaled]) as t:
                known = self.load(self.slot("b", self.entry("upper_states", self.plus(first, t.index))))
                t.following = [self.minus_product(t.carried[0], self.load(self.after(diagonal, t.index)), known)]
            self.store(t.carried[0], place)

    def right_side(self, row: str) -> str:
        return self.slot("x", self.let(f"sub nsw i64 {row}, {self.head}"))

    def after(self, slot: str, index: str) -> str:
        """Return the address of a number of a row of U, which stands behind its pivot."""
        return self.slot("W", self.plus(self.plus(slot, "1"), index))

    def slot(self, block: str, index: str) -> str:
        return self.let(f"getelementptr {self.vector}, ptr %{block}, i64 {index}")

    def plus(self, a: str, b: str) -> str:
        return self.let(f"add nsw i64 {a}, {b}")

    def entry(self, table: str, index: str) -> str:
        place = self.let(f"getelementptr i32, ptr @{self.prefix}lu_{table}, i64 {index}")
        return self.let(f"sext i32 {self.let(f'load i32, ptr {place}, align 4')} to i64")

    def between(self, table: str, index: str) -> tuple[str, str]:
        return self.entry(table, index), self.entry(table, self.plus(index, "1"))
