"""Vector functions compiled in the process, points to test them at, and errors in units in the last place."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import llvmlite.binding as llvm
import mpmath
import numpy as np
from numpy.typing import NDArray

from serdsim.codegen.vector_math import declarations, vector_functions

Array = NDArray[np.float64]
ARGUMENTS = {"v_pow": "xy", "v_powd": "xhp", "v_fmod": "ab", "v_quotient": "ab"}
RARE = "v_sin v_cos v_tan v_sinh v_cosh v_tanh v_asin v_acos v_atan v_asinh v_acosh v_atanh v_factorial".split()
NAMES = ["v_exp", "v_log", "v_expm1", "v_log1p", "v_log10", *RARE, *ARGUMENTS]
SPECIALS = [0.0, 5e-324, 1e-310, 2.5e-308, 1e-9, 0.5, 1.0, 1.5, 2.0, 3.0, 700.0, 2.0**53 - 1, 2.0**53, 1e300, np.inf]
SPECIAL = np.array([*SPECIALS, *(-np.array(SPECIALS)), np.nan])


def _loop(name: str, lanes: int) -> str:
    """Return a function that applies another to arrays of a length that the lanes divide."""
    vector, arguments = f"<{lanes} x double>", ARGUMENTS.get(name, "x")
    loads = [f"%q{a} = getelementptr double, ptr %p{a}, i64 %i\n %{a} = load {vector}, ptr %q{a}, align 8" for a in arguments]
    return f"""define void @run_{name}({", ".join(f"ptr %p{a}" for a in arguments)}, ptr %out, i64 %n) {{
entry:
 br label %loop
loop:
 %i = phi i64 [0, %entry], [%next, %loop]
 {chr(10).join(loads)}
 %value = call {vector} @{name}({", ".join(f"{vector} %{a}" for a in arguments)})
 %place = getelementptr double, ptr %out, i64 %i
 store {vector} %value, ptr %place, align 8
 %next = add i64 %i, {lanes}
 %more = icmp slt i64 %next, %n
 br i1 %more, label %loop, label %end
end:
 ret void
}}
"""


@cache
def compiled(lanes: int, fma: bool) -> llvm.ExecutionEngine:
    """Return the engine that holds all functions for one width."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    text = "\n".join([*declarations(lanes), vector_functions(lanes, fma=fma), *(_loop(name, lanes) for name in NAMES)])
    module = llvm.parse_assembly(text)
    module.verify()
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=1)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=1))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


def evaluate(name: str, *arguments: Array | float, lanes: int = 8, fma: bool = True) -> Array:
    """Return a function of this module's arrays, padded with ones to whole vectors."""
    arrays = np.broadcast_arrays(*(np.atleast_1d(argument) for argument in arguments))
    size = arrays[0].size
    padded = [np.concatenate([array.astype(float), np.ones(-size % lanes)]) for array in arrays]
    out = np.empty_like(padded[0])
    signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (len(padded) + 1), ctypes.c_int64)
    function = signature(compiled(lanes, fma).get_function_address(f"run_{name}"))
    function(*(array.ctypes.data for array in padded), out.ctypes.data, out.size)
    return out[:size]


def ulps(got: Array, exact: Callable[..., mpmath.mpf], *arguments: Array) -> Array:
    """Return errors in units in the last place of the exact value; infinite where one side alone is not finite."""
    errors = np.empty(got.size)
    with mpmath.workprec(160):
        for i, (value, *point) in enumerate(zip(got.tolist(), *(a.tolist() for a in arguments), strict=True)):
            want = exact(*map(mpmath.mpf, point))
            nearest = float(want)
            if np.isfinite(nearest) and np.isfinite(value):
                errors[i] = float(abs(value - want) / mpmath.mpf(float(np.spacing(abs(nearest)))))
            else:
                errors[i] = 0.0 if nearest == value else np.inf
    return errors


def _beside(rng: np.random.Generator, centre: Array | float, count: int) -> Array:
    return centre * (1.0 + rng.choice([-1.0, 1.0], count) * 2.0 ** -rng.uniform(0.5, 54.0, count))


def positive_points(rng: np.random.Generator, count: int) -> Array:
    """Return positive numbers: the whole range by its logarithm, near 1, sqrt(2) and powers of 2, and subnormal ones."""
    powers = 2.0 ** rng.integers(-1022, 1023, count).astype(float)
    centres = [_beside(rng, c, count) for c in (1.0, np.sqrt(2.0), np.sqrt(0.5), powers)]
    points = np.concatenate([2.0 ** rng.uniform(-1074, 1024, count), *centres, 2.0 ** rng.uniform(-1074, -1022, count)])
    return points[points > 0.0]


def exponents(rng: np.random.Generator, count: int) -> Array:
    """Return arguments of exp: the whole range, near both ends of it, near steps of the reduction, near 0."""
    steps = np.log(2.0) * (rng.integers(-1000, 1000, count) + 0.5)
    small = rng.choice([-1.0, 1.0], count) * 2.0 ** rng.uniform(-60, 3, count)
    ends = [rng.uniform(-746, -708, count), rng.uniform(709, 710, count)]
    first = _beside(rng, rng.choice([-0.5, 0.5], count) * np.log(2.0), count)
    return np.concatenate([rng.uniform(-746, 710, count), *ends, _beside(rng, steps, count), first, small])


def points_over_minus_one(rng: np.random.Generator, count: int) -> Array:
    """Return arguments of log1p."""
    small = rng.choice([-1.0, 1.0], 2 * count) * 2.0 ** rng.uniform(-60, -0.01, 2 * count)
    return np.concatenate([2.0 ** rng.uniform(-1074, 1023, count), small, -1.0 + 2.0 ** rng.uniform(-53, 0, count)])


def power_points(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Return bases and exponents: results of any size, at both ends of the range, and Hill terms as models have them."""
    base = np.concatenate([positive_points(rng, count) for _ in range(3)])
    third = base.size // 3
    ends = rng.choice([709.5, -707.0, -740.0], third) + rng.uniform(-1.0, 0.28, third)
    goal = np.concatenate([rng.uniform(-745, 710, base.size - 2 * third), rng.uniform(-5, 5, third), ends])
    with np.errstate(all="ignore"):
        exponent = goal / np.log(base)
    kept = np.isfinite(exponent)
    hill = 10.0 ** rng.uniform(-8, 5, 2 * count), rng.uniform(0.3, 8.0, 2 * count)
    return np.concatenate([base[kept], hill[0]]), np.concatenate([exponent[kept], hill[1]])
