"""Sparse LU and triangular solves as LLVM IR: one individual per lane of a vector."""

from __future__ import annotations

from serdsim.codegen.lu_body import Body
from serdsim.codegen.lu_lists import list_functions, zero_function
from serdsim.codegen.lu_tiles import tile_functions
from serdsim.codegen.sparse_lu import Factorisation

_ROWS = 4  # of a solve that go together and share what they read
_FENCE = 100  # operations of the factorisation between which the compiler may move things


def declarations(lanes: int) -> tuple[str, ...]:
    """Return the declarations that the functions with `fma` need."""
    v = f"<{lanes} x double>"
    return (f"declare {v} @llvm.fma.v{lanes}f64({v}, {v}, {v})",)


def lu_functions(f: Factorisation, lanes: int, *, fma: bool, prefix: str = "") -> str:
    """Return IR that defines ``@{prefix}lu(ptr W)`` and ``@{prefix}solve(ptr W, ptr b)``.

    Parameters
    ----------
    f : Factorisation
        Of the pattern of W.
    lanes : int
        Numbers per vector.
    fma : bool
        Whether to fuse products and differences; the caller then adds `declarations`.
    prefix : str
        Before the names of all functions and tables.
    """
    if f.form.unrolled:
        texts, factor, forward, backward = _straight(f, lanes, fma, prefix)
    else:
        texts = [list_functions(f, lanes, fma=fma, prefix=prefix)]
        factor = [f"  call void @{prefix}lu_rows(ptr %W)"]
        forward, backward = ([f"  call void @{prefix}solve_{part}(ptr %W, ptr %b, ptr %x)"] for part in ("forward", "backward"))
    tiled = f.n - f.form.dense
    tiles = [f"  %tiles = getelementptr i8, ptr %W, i64 {f.tiles * 8 * lanes}"]
    if tiled:
        texts.append(tile_functions(tiled, lanes, fma=fma, prefix=prefix))
        factor += [*tiles, f"  call void @{prefix}lu_tiles(ptr %tiles)"]
    if not f.form.unrolled_solve:
        forward.insert(0, f"  %x = alloca [{max(1, tiled)} x <{lanes} x double>], align {8 * lanes}")
        if tiled:
            forward += [*tiles, f"  call void @{prefix}solve_tiles(ptr %tiles, ptr %x)"]
    lu = [f"define internal void @{prefix}lu(ptr noalias %W) nounwind {{", *factor, "  ret void", "}"]
    solve = [f"define internal void @{prefix}solve(ptr noalias %W, ptr noalias %b) nounwind {{", *forward, *backward, "  ret void", "}"]
    return "\n".join([*texts, *lu, *solve, ""])


def _straight(f: Factorisation, lanes: int, fma: bool, prefix: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return functions and the lines that call them: to factor, to solve forward and backward."""
    text, factor = _factor(f, lanes, fma).define_reaching(f"{prefix}lu_rows", ())
    texts = [text]
    empty = _empty(f)
    if empty:
        texts.append(zero_function(empty, lanes, prefix))
        factor.insert(0, f"  call void @{prefix}lu_zero(ptr %W)")
    if f.form.unrolled_solve:
        body = Body(lanes, fma)
        _forward(body, f, f.n)
        _backward(body, f, f.n)
        text, both = body.define_reaching(f"{prefix}solve_rows", ("b",))
        return [*texts, text], factor, both, []
    body = Body(lanes, fma)
    _forward(body, f, f.form.dense)
    text, forward = body.define_reaching(f"{prefix}solve_forward", ("b", "x"))
    body = Body(lanes, fma)
    _backward(body, f, f.form.dense)
    last, backward = body.define_reaching(f"{prefix}solve_backward", ("b", "x"))
    return [*texts, text, last], factor, forward, backward


def _changed(f: Factorisation, i: int) -> set[int]:
    """Return the columns of a row that pivots before the tiles change."""
    pivots = [k for k, _ in f.lower[i] if k < f.form.dense]
    return set(pivots).union(*(dict(f.upper[k]) for k in pivots))


def _empty(f: Factorisation) -> list[int]:
    """Return the slots of the tiles that nothing writes before the tiles are factored."""
    unset = set(f.fill)
    found = []
    for i in range(f.form.dense, f.n):
        changed = _changed(f, i)
        found += [slot for j, slot in (*f.lower[i], *f.upper[i]) if slot in unset and j not in changed]
    return found


def _factor(f: Factorisation, lanes: int, fma: bool) -> Body:
    """Eliminate row by row what stands outside the tiles; a row stays in registers as far as they go."""
    body = Body(lanes, fma)
    unset, first = set(f.fill), f.form.dense
    for i, row in enumerate(f.lower):
        line = [(k, slot) for k, slot in row if k < first]
        places = dict(row) | {i: f.diagonal[i]} | dict(f.upper[i])
        if i >= first:
            changed = _changed(f, i)
            places = {j: slot for j, slot in places.items() if j in changed}
        body.fence(2 + sum(2 + len(f.upper[k]) for k, _ in line), _FENCE)
        value = {j: body.load(body.at("W", slot)) for j, slot in places.items() if slot not in unset}
        for k, slot in line:
            for j, across in f.upper[k]:
                value[j] = body.minus_product(value.get(j), value[k], body.load(body.at("W", across)))
            body.store(body.times(value[k], body.load(body.at("W", f.diagonal[k]))), body.at("W", slot))
        if i >= first:
            for j in (j for j in places if j >= first):
                body.store(value[j], body.at("W", places[j]))
            continue
        inverse = body.inverse(value[i])
        body.store(inverse, body.at("W", f.diagonal[i]))
        for j, slot in f.upper[i]:
            body.store(body.times(value[j], inverse), body.at("W", slot))
    return body


def _forward(body: Body, f: Factorisation, first: int) -> None:
    """Solve with L; from position `first` on the right-hand side goes to x, less the products with earlier positions."""
    for start in range(0, f.n, _ROWS):
        rows = range(start, min(f.n, start + _ROWS))
        lines = {i: {k: slot for k, slot in f.lower[i] if k < first} for i in rows}
        value = {i: body.load(body.at("b", f.order[i])) for i in rows if lines[i] or i >= first}
        for k in sorted(set().union(*lines.values())):
            known = value[k] if k in value else body.load(body.at("b", f.order[k]))
            for i in rows:
                if k in lines[i]:
                    value[i] = body.minus_product(value[i], body.load(body.at("W", lines[i][k])), known)
        for i, result in value.items():
            body.store(result, body.at("x", i - first) if i >= first else body.at("b", f.order[i]))


def _backward(body: Body, f: Factorisation, first: int) -> None:
    """Solve with D and U; from position `first` on x holds the solution."""
    for i in range(first, f.n):
        body.store(body.load(body.at("x", i - first)), body.at("b", f.order[i]))
    for stop in range(first, 0, -_ROWS):
        rows = range(stop - 1, max(0, stop - _ROWS) - 1, -1)
        lines = {i: dict(f.upper[i]) for i in rows}
        value = {i: body.times(body.load(body.at("b", f.order[i])), body.load(body.at("W", f.diagonal[i]))) for i in rows}
        for j in sorted(set().union(*lines.values()), reverse=True):
            known = value[j] if j in value else body.load(body.at("b", f.order[j]))
            for i in rows:
                if j in lines[i]:
                    value[i] = body.minus_product(value[i], body.load(body.at("W", lines[i][j])), known)
        for i, result in value.items():
            body.store(result, body.at("b", f.order[i]))
