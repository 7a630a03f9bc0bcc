"""Sparse LU: symbolic part, its NumPy twin and the compiled functions."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
import pytest
from numpy.typing import NDArray

from serdsim.codegen.lu_printer import declarations, lu_functions
from serdsim.codegen.sparse_lu import Factorisation, factorise, lu_numpy, solve_numpy

Floats = NDArray[np.float64]
Pattern = list[tuple[int, int]]
LANES = 8


def scattered(n: int, share: float, seed: int) -> Pattern:
    draw = random.Random(seed)
    return [(i, j) for i in range(n) for j in range(n) if draw.random() < share]


def arrow(n: int, *, tip: int) -> Pattern:
    return [(i, i) for i in range(n)] + [(tip, i) for i in range(n)] + [(i, tip) for i in range(n)]


def chain(n: int) -> Pattern:
    return [(i, j) for i in range(n) for j in (i - 1, i, i + 1) if 0 <= j < n]


PATTERNS: dict[str, tuple[int, Pattern]] = {
    "one state": (1, []),
    "no coupling": (7, []),
    "dense": (13, scattered(13, 2.0, 0)),
    "arrow": (17, arrow(17, tip=0)),
    "chain": (40, chain(40)),
    "triangle": (9, [(i, j) for i in range(9) for j in range(i)]),
    **{f"random {n}": (n, scattered(n, share, n)) for n, share in [(2, 0.5), (5, 0.3), (11, 0.2), (24, 0.12), (41, 0.06), (60, 0.08)]},
}
every = pytest.mark.parametrize("name", PATTERNS)


def aligned(rows: int, lanes: int = LANES) -> Floats:
    room = np.zeros(rows * lanes + 8)
    start = -(room.ctypes.data // 8) % 8
    return room[start : start + rows * lanes].reshape(rows, lanes)


def values(f: Factorisation, n: int, seed: int = 0, lanes: int = LANES) -> tuple[Floats, Floats, Floats]:
    """Return the block with NaN at fill, the same as dense matrices, and right-hand sides."""
    draw = np.random.default_rng(seed)
    w, dense, b = aligned(f.size, lanes), np.zeros((lanes, n, n)), aligned(n, lanes)
    w[:] = draw.normal(size=w.shape)
    w[list(f.fill)] = np.nan
    for (i, j), slot in f.slots.items():
        if i == j:
            w[slot] += 3.0 * n**0.5
        if slot not in f.fill:
            dense[:, i, j] = w[slot]
    b[:] = draw.normal(size=b.shape)
    return w, dense, b


def entry(prefix: str) -> str:
    return f"""
define void @{prefix}run_lu(ptr %W) {{
  call void @{prefix}lu(ptr %W)
  ret void
}}
define void @{prefix}run_solve(ptr %W, ptr %b) {{
  call void @{prefix}solve(ptr %W, ptr %b)
  ret void
}}
"""


def engine_of(text: str, lanes: int) -> llvm.ExecutionEngine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly("\n".join(declarations(lanes)) + "\n" + text)
    module.verify()
    features = llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=1)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def functions(engine: llvm.ExecutionEngine, prefix: str = "") -> tuple[Callable[[Floats], None], Callable[[Floats, Floats], None]]:
    lu = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address(f"{prefix}run_lu"))
    solve = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address(f"{prefix}run_solve"))
    return (lambda w: lu(w.ctypes.data)), (lambda w, b: solve(w.ctypes.data, b.ctypes.data))


def compiled(f: Factorisation, *, fma: bool) -> tuple[Callable[[Floats], None], Callable[[Floats, Floats], None], object]:
    engine = engine_of(lu_functions(f, LANES, fma=fma) + entry(""), LANES)
    return *functions(engine), engine


@every
def test_the_twin_solves_what_numpy_solves(name: str) -> None:
    n, pattern = PATTERNS[name]
    f = factorise(n, pattern)
    w, dense, b = values(f, n)
    wanted = np.linalg.solve(dense, b.T[:, :, None])[:, :, 0].T
    lu_numpy(f, w)
    assert np.isfinite(w).all()
    solve_numpy(f, w, b)
    assert b == pytest.approx(wanted, rel=1e-11, abs=1e-13)


@every
@pytest.mark.parametrize("fma", [False, True])
def test_compiled_code_does_what_the_twin_does(name: str, fma: bool) -> None:
    n, pattern = PATTERNS[name]
    f = factorise(n, pattern)
    w, _, b = values(f, n)
    twin_w, twin_b = w.copy(), b.copy()
    lu_numpy(f, twin_w)
    solve_numpy(f, twin_w, twin_b)
    lu, solve, _keep = compiled(f, fma=fma)
    lu(w)
    solve(w, b)
    if fma:
        assert w == pytest.approx(twin_w, rel=1e-12, abs=1e-14)
        assert b == pytest.approx(twin_b, rel=1e-12, abs=1e-14)
    else:
        assert np.array_equal(w, twin_w)
        assert np.array_equal(b, twin_b)


FORMS: dict[str, dict[str, int]] = {
    "straight": {"dense": 0},
    "straight and tiles": {"dense": 12},
    "lists": {"unrolled": -1, "dense": 0},
    "lists and tiles": {"unrolled": -1, "dense": 8},
    "straight, tiles also in solves": {"dense": 12, "unrolled": 200},
    "tiles": {"dense": 24, "unrolled": 0},
}


@pytest.mark.parametrize("fma", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_bits(form: str, fma: bool) -> None:
    n, pattern = PATTERNS["random 24"]
    plain, f = factorise(n, pattern), factorise(n, pattern, **FORMS[form])
    assert plain.order == f.order
    assert (f.form.unrolled, n - f.form.dense) == ("lists" not in form, FORMS[form]["dense"])
    assert f.form.unrolled_solve == (form in {"straight", "straight and tiles"})
    plain_w, _, plain_b = values(plain, n)
    w, b = aligned(f.size), plain_b.copy()
    w[:] = np.nan
    for place, slot in plain.slots.items():
        if slot not in plain.fill:
            w[f.slots[place]] = plain_w[slot]
    own_w, own_b = aligned(f.size), aligned(n)
    own_w[:], own_b[:] = w, b
    for one, one_w, one_b in ((plain, plain_w, plain_b), (f, own_w, own_b)):
        lu, solve, _keep = compiled(one, fma=fma)
        lu(one_w)
        solve(one_w, one_b)
    assert np.array_equal(own_b, plain_b)
    assert all(np.array_equal(own_w[f.slots[place]], plain_w[slot]) for place, slot in plain.slots.items())
    if not fma:
        lu_numpy(f, w)
        solve_numpy(f, w, b)
        assert np.array_equal(own_w, w)
        assert np.array_equal(own_b, b)


@pytest.mark.parametrize("dense", [-4, 3, 16])
def test_tiles_that_do_not_fit_are_refused(dense: int) -> None:
    with pytest.raises(ValueError, match="multiple of 4"):
        factorise(13, [], dense=dense)


def test_code_of_large_matrices_stays_short() -> None:
    small, large = (factorise(n, scattered(n, 2.0, 0), unrolled=0) for n in (20, 40))
    assert small.form.dense == large.form.dense == 0
    assert lu_functions(small, LANES, fma=True).count("@llvm.fma") == lu_functions(large, LANES, fma=True).count("@llvm.fma")
    sparse = factorise(300, chain(300), unrolled=100)
    assert not sparse.form.unrolled
    assert lu_functions(sparse, LANES, fma=True).count("@llvm.fma") < 200


def test_a_lane_does_not_see_the_others() -> None:
    n, pattern = PATTERNS["random 24"]
    f = factorise(n, pattern)
    lu, solve, _keep = compiled(f, fma=True)
    w, _, b = values(f, n)
    changed_w, _, changed_b = values(f, n, seed=1)
    changed_w[:, 3], changed_b[:, 3] = w[:, 3], b[:, 3]
    changed_w[:, 5] = np.nan
    for one_w, one_b in ((w, b), (changed_w, changed_b)):
        lu(one_w)
        solve(one_w, one_b)
    assert np.array_equal(b[:, 3], changed_b[:, 3])
    assert not np.array_equal(b[:, 4], changed_b[:, 4])


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_two_patterns_live_in_one_module_with_any_number_of_lanes(lanes: int) -> None:
    cases = {"one_": ("random 24", {"dense": 8}), "two_": ("random 41", {"unrolled": -1, "dense": 4})}
    parts = {prefix: factorise(*PATTERNS[name], **form) for prefix, (name, form) in cases.items()}
    engine = engine_of("\n".join(lu_functions(f, lanes, fma=True, prefix=prefix) + entry(prefix) for prefix, f in parts.items()), lanes)
    for prefix, f in parts.items():
        w, dense, b = values(f, f.n, lanes=lanes)
        wanted = np.linalg.solve(dense, b.T[:, :, None])[:, :, 0].T
        lu, solve = functions(engine, prefix)
        lu(w)
        solve(w, b)
        assert b == pytest.approx(wanted, rel=1e-11, abs=1e-13)


@every
def test_slots_cover_pattern_diagonal_and_fill_once(name: str) -> None:
    n, pattern = PATTERNS[name]
    f = factorise(n, pattern)
    written = {*pattern, *((i, i) for i in range(n))}
    assert sorted(f.slots.values()) == list(range(f.size))
    assert {place for place, slot in f.slots.items() if slot not in f.fill} == written
    assert sorted(f.order) == list(range(n))


def test_the_order_of_the_pattern_does_not_matter() -> None:
    n, pattern = PATTERNS["random 60"]
    assert factorise(n, pattern) == factorise(n, reversed(pattern)) == factorise(n, pattern * 2)


def test_arrow_and_chain_are_without_fill() -> None:
    for name in ("arrow", "chain", "triangle", "no coupling"):
        assert factorise(*PATTERNS[name]).fill == ()


def test_operations_are_counted() -> None:
    n = 13
    f = factorise(*PATTERNS["dense"])
    assert f.flops == sum(2 * k * k for k in range(n)) + n * (n - 1) + n
    assert f.solve_flops == 2 * n * (n - 1) + n
