"""LLVM text -> machine code of this machine, kept on disk by the hash of all that it depends on."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import llvmlite
import llvmlite.binding as llvm

from serdsim.codegen.columns import Columns, Move, build_columns
from serdsim.codegen.equations import Equations
from serdsim.codegen.layout import Layout
from serdsim.codegen.method import read_method
from serdsim.codegen.native_module import Module, write_module
from serdsim.codegen.system import System, build_system
from serdsim.engine.interrupt import unbroken
from serdsim.engine.plan import check_outputs
from serdsim.kept import kept_bytes

_LOCK = threading.Lock()
_KNOWN: dict[tuple[Equations, tuple[str, ...], str], Compiled] = {}
_TANGENTS: list[tuple[Equations, tuple[object, ...], Compiled, Columns]] = []
_MOST_KNOWN, _MOST_TANGENTS = 32, 32


@dataclass(frozen=True)
class Compiled:
    """A loaded kernel: `function` takes the address of its arguments; `owner` keeps the code alive."""

    function: Callable[[int], None]
    layout: Layout
    lanes: int
    evaluations: int
    states: tuple[str, ...]
    constants: tuple[str, ...]
    owner: object


def machine() -> llvm.TargetMachine:
    """Return a new target machine of this processor, with its widest vectors; a compiler that gets it also ends it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = f"{llvm.get_host_cpu_features().flatten()},-prefer-256-bit"
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)


@cache
def lanes_and_fma() -> tuple[int, bool]:
    """Return how many individuals go side by side on this machine, and whether it can multiply and add in one."""
    found = llvm.get_host_cpu_features()
    return 8, bool(found.get("fma", False)) or "aarch64" in llvm.get_default_triple() or "arm64" in llvm.get_default_triple()


def compiled(equations: Equations, outputs: tuple[str, ...], method: str) -> Compiled:
    """Return the loaded kernel of equations, outputs and method; compiled once, then read from disk."""
    key = (equations, outputs, method)
    with unbroken(), _LOCK:
        known = next((code for (of, *rest), code in _KNOWN.items() if of is equations and rest == [outputs, method]), None)
        if known is None:
            known = _KNOWN.get(key)
        if known is None:
            while len(_KNOWN) >= _MOST_KNOWN:
                _KNOWN.pop(next(iter(_KNOWN)))
            known = _KNOWN[key] = _build(equations, outputs, method)
        return known


def compiled_tangent(equations: Equations, outputs: tuple[str, ...], method: str, moves: tuple[Move, ...]) -> tuple[Compiled, Columns]:
    """Return a loaded kernel that carries sensitivities along, and what its columns are; the machine code is kept on disk."""
    with unbroken(), _LOCK:
        for of, asked, code, columns in _TANGENTS:
            if of is equations and asked == (outputs, method, moves):
                return code, columns
        check_outputs(equations, outputs)
        system = build_system(equations, outputs)
        columns = build_columns(system, moves)
        code = _compiled(system, method, columns)
        del _TANGENTS[: max(0, len(_TANGENTS) - _MOST_TANGENTS + 1)]
        _TANGENTS.append((equations, (outputs, method, moves), code, columns))
        return code, columns


def _build(equations: Equations, outputs: tuple[str, ...], method: str) -> Compiled:
    check_outputs(equations, outputs)
    return _compiled(build_system(equations, outputs), method)


def _compiled(system: System, method: str, columns: Columns | None = None) -> Compiled:
    lanes, fma = lanes_and_fma()
    scheme, equations = read_method(method), system.equations
    module = write_module(system, scheme, lanes=lanes, fma=fma, columns=columns)
    engine = _load(module)
    function = ctypes.CFUNCTYPE(None, ctypes.c_int64)(engine.get_function_address("run"))
    return Compiled(function, module.layout, lanes, scheme.stages, equations.states, equations.constants, engine)


def _load(module: Module) -> llvm.ExecutionEngine:
    target = machine()
    what = f"{llvmlite.__version__} {target.triple} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}\n{module.text}"
    data = kept_bytes("kernels", what.encode(), lambda: _compile(module.text))
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
    engine.add_object_file(llvm.ObjectFileRef.from_data(data))
    engine.finalize_object()
    return engine


def _compile(text: str) -> bytes:
    parsed = llvm.parse_assembly(text)
    target = machine()
    tuning = llvm.create_pipeline_tuning_options(speed_level=1)
    tuning.loop_vectorization = False
    tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(target, tuning)
    builder.getModulePassManager().run(parsed, builder)
    data: bytes = target.emit_object(parsed)
    return data
