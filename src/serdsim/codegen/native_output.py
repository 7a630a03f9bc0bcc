"""Dense output of a step: polynomials, output rows, and comparisons that change within the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from serdsim.codegen.ir import Code, Value
from serdsim.codegen.method import Method

if TYPE_CHECKING:
    from serdsim.codegen.frame import Frame
    from serdsim.codegen.native_step import _Step

_LOOKS = 4
_HALVINGS = 56


def _rows(step: _Step, only: Sequence[int] | None, body: Callable[[Value | int], None]) -> None:
    if only is None:
        step.code.rows(step.n, body)
    else:
        for row in only:
            body(row)


def _interpolate(step: _Step, method: Method, x: Value, only: Sequence[int] | None = None) -> None:
    """Write the state at the part `x` of the step to `seen`: y + sum w[j](x) u[j], of all states or `only` some."""
    code = step.code
    weights = dense_weights(code, method, x)

    def body(row: Value | int) -> None:
        total = code.load(step.block("y"), row)
        for j, weight in enumerate(weights):
            total = code.fma(code.load(step.block("u"), code.shift(row, j * step.n)), weight, total)
        code.store(total, step.block("seen"), row)

    _rows(step, only, body)


def dense_weights(code: Code, method: Method, x: Value) -> list[Value]:
    """Return by how much each stage counts at the part `x` of the step."""
    bow = code.mul(x, code.sub(code.splat(1.0), x))
    return [_weight(code, method, j, x, bow) for j in range(method.stages)]


def _weight(code: Code, method: Method, j: int, x: Value, bow: Value) -> Value:
    """Return w[j] = x m[j] + x (1-x) (dense[0][j] + x (dense[1][j] + x dense[2][j]))."""
    inner = code.splat(method.dense[-1][j])
    for q in range(len(method.dense) - 2, -1, -1):
        inner = code.fma(x, inner, code.splat(method.dense[q][j]))
    return code.fma(bow, inner, code.mul(x, code.splat(method.m[j])))


def write_rows(step: _Step, method: Method, ok: Value, ended: Value) -> None:
    """Write all output rows that lie in this step and before the instant of its end."""
    code = step.code
    size = code.select(code.compare("ogt", code.call("llvm.fabs", ended), code.splat(1.0)), code.call("llvm.fabs", ended), code.splat(1.0))
    last = code.sub(ended, code.mul(size, code.splat(1e-12)))
    due = code.both(ok, code.compare("olt", step.clock("row_time"), last))
    with code.when(code.any(due)), code.repeat() as (_, out):
        moment = step.clock("row_time")
        now = code.both(ok, code.compare("olt", moment, last))
        code.leave(code.new(f"xor i1 {code.any(now)}, true"), out)
        part = code.mul(code.sub(moment, step.t), step.inverse)
        _interpolate(step, method, part)
        step.live("observe", step.block("seen"), step.clock_place("row_time"), step.block("o"))
        if step.layout.parameters:
            code.store(part, step.clock_place("spare"))
            code.do(f"call void @s_look(ptr %args, ptr {step.clock_place('spare')})")
        bits = code.new(f"bitcast {code.mask} {now} to i{step.lanes}")
        wide = code.new(f"zext i{step.lanes} {bits} to i64")
        each_lane(step, wide, lambda lane: write_due_row(step, lane))


def each_lane(frame: Frame, bits: Value, body: Callable[[Value], None]) -> None:
    """Write a loop over the set bits."""
    code = frame.code
    left = code.slot("i64")
    code.write(bits, left, "i64")
    with code.repeat() as (_, out):
        now = code.read(left, "i64")
        code.leave(code.new(f"icmp eq i64 {now}, 0"), out)
        lane = code.new(f"call i64 @llvm.cttz.i64(i64 {now}, i1 true)")
        code.write(code.integer("and", now, code.integer("sub", now, 1)), left, "i64")
        body(lane)


def write_due_row(frame: Frame, lane: Value) -> None:
    """Write the outputs of a lane to its next row and go on to the following one."""
    code = frame.code
    row = frame.lane_number("row", lane)
    place = row_place(frame, lane, row)
    write_outputs(frame, lane, place)
    following = code.integer("add", row, 1)
    frame.set_lane_number("row", lane, following)
    set_row_time(frame, lane, following)


def row_place(frame: Frame, lane: Value, row: Value) -> Value:
    """Return which row of the result the lane's row is; rows that items of the schedule write are left out of the count."""
    code = frame.code
    base = code.integer("mul", frame.lane_number("individual", lane), frame.argument("times_stride"))
    return code.get(frame.argument("rows"), code.integer("add", base, row), "i64")


def set_row_time(frame: Frame, lane: Value, row: Value) -> None:
    """Set the time of the lane's next row, infinite after the last."""
    code = frame.code
    slot = code.slot("double")
    code.write("0x7FF0000000000000", slot, "double")
    with code.when(code.new(f"icmp slt i64 {row}, {frame.lane_number('last_row', lane)}")):
        base = code.integer("mul", frame.lane_number("individual", lane), frame.argument("times_stride"))
        code.write(code.get(frame.argument("times"), code.integer("add", base, row), "double"), slot, "double")
    frame.set_lane_clock("row_time", lane, code.read(slot, "double"))


def write_outputs(frame: Frame, lane: Value, row: Value) -> None:
    """Copy one lane of the outputs to a row of the result."""
    code = frame.code
    count = frame.layout.outputs
    individual = frame.lane_number("individual", lane)
    first = code.integer("add", code.integer("mul", individual, frame.argument("output_rows")), row)
    base = code.at(frame.argument("out"), code.integer("mul", first, count), "double")
    with code.each(count) as k:
        code.put(code.get(frame.block("o"), frame.element("o", k, lane), "double"), base, k, "double")
    if frame.layout.parameters:
        columns = count * frame.layout.parameters
        base = code.at(frame.argument("out_s"), code.integer("mul", first, columns), "double")
        with code.each(columns) as k:
            code.put(code.get(frame.block("so"), frame.element("so", k, lane), "double"), base, k, "double")


def write_located(step: _Step, method: Method, ok: Value) -> tuple[Value, Value]:
    """Find where a comparison first changes within the step; return the lanes in which one does, and the part of the step."""
    code = step.code
    only = _read_by_located(step)
    low, high, found = code.slot(code.vector), code.slot(code.vector), code.slot(code.vector)
    for slot, value in ((low, 0.0), (high, 1.0), (found, 0.0)):
        code.write(code.splat(value), slot, code.vector)
    for look in range(1, _LOOKS + 1):
        differs = code.both(_differs(step, method, code.splat(look / _LOOKS), only), ok)
        new = code.both(differs, code.compare("oeq", code.read(found, code.vector), code.splat(0.0)))
        for slot, value in ((low, (look - 1) / _LOOKS), (high, look / _LOOKS), (found, 1.0)):
            code.write(code.select(new, code.splat(value), code.read(slot, code.vector)), slot, code.vector)
    cut = code.compare("ogt", code.read(found, code.vector), code.splat(0.5))
    with code.when(code.any(cut)):
        with code.each(_HALVINGS):
            a, b = code.read(low, code.vector), code.read(high, code.vector)
            middle = code.mul(code.add(a, b), code.splat(0.5))
            differs = _differs(step, method, middle, only)
            code.write(code.select(differs, middle, b), high, code.vector)
            code.write(code.select(differs, a, middle), low, code.vector)
        part = code.read(high, code.vector)
        step.set_clock("target", code.select(cut, code.fma(part, step.taken, step.t), step.clock("target")))
    return cut, code.read(high, code.vector)


def cut_steps(step: _Step, method: Method, cut: Value, x: Value) -> None:
    """End the steps of the lanes `cut` at their part `x`."""
    code = step.code
    with code.when(code.any(cut)):
        _interpolate(step, method, x)

        def body(row: Value | int) -> None:
            value = code.select(cut, code.load(step.block("seen"), row), code.load(step.block("y1"), row))
            code.store(value, step.block("y1"), row)

        code.rows(step.n, body)


def _read_by_located(step: _Step) -> list[int]:
    """Return the states that located comparisons read."""
    graph = step.system.graph
    parts = [graph.parts[node] for node in graph.program([step.system.comparisons[k] for k in step.system.located])]
    return sorted({int(part.name[2:]) for part in parts if part.name.startswith("y.")})


def _differs(step: _Step, method: Method, x: Value, only: Sequence[int]) -> Value:
    """Return the lanes in which a located comparison at the part `x` of the step is another one than the step holds."""
    code = step.code
    _interpolate(step, method, x, only)
    code.store(code.fma(x, step.taken, step.t), step.clock_place("before"))
    step.live("compare", step.block("seen"), step.clock_place("before"), step.block("new_z"))
    total: Value | None = None
    for k in step.system.located:
        one = code.compare("une", code.load(step.block("new_z"), k), code.load(step.block("z"), k))
        total = one if total is None else code.both(total, one, "or")
    assert total is not None
    return total
