"""System and method -> one LLVM module: model functions, linear algebra, elementary functions, driver."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serdsim.codegen import lu_printer, vector_math
from serdsim.codegen.columns import Columns
from serdsim.codegen.layout import Layout
from serdsim.codegen.method import Method
from serdsim.codegen.native_columns import column_functions
from serdsim.codegen.native_events import event_functions
from serdsim.codegen.native_functions import functions
from serdsim.codegen.native_service import run_function, service_functions
from serdsim.codegen.native_step import step_function
from serdsim.codegen.native_tangent import tangent_blocks, tangent_functions
from serdsim.codegen.sparse_lu import factorise
from serdsim.codegen.system import System

_INTRINSIC = re.compile(r"@(llvm\.[a-z]+)\.(v\d+f64|f64)\(")
_TWO = ("llvm.maxnum", "llvm.minnum")


@dataclass(frozen=True)
class Module:
    """LLVM text, where things lie in its memory, and how many lanes it has."""

    text: str
    layout: Layout
    lanes: int


def write_module(system: System, method: Method, *, lanes: int, fma: bool, columns: Columns | None = None) -> Module:
    """Return the module that integrates the system with the method, and its sensitivities where `columns` are given."""
    n = len(system.rhs)
    f = factorise(n, system.jacobian) if method.implicit and n else None
    layout = Layout(
        states=n,
        stages=method.stages,
        block=len(system.block),
        inputs=len(system.equations.constants),
        given=len(system.equations.given),
        outputs=len(system.outputs),
        comparisons=len(system.comparisons),
        events=len(system.triggers),
        assigned=len(system.assigned),
        lu=f.size if f else 0,
        parameters=len(columns.parameters) if columns else 0,
        more=tangent_blocks(columns, n, method.stages, len(system.outputs)) if columns else (),
    )
    tangents: list[str] = []
    if columns:
        tangents = column_functions(system, columns, lanes, fma=fma) + tangent_functions(columns, method, layout, lanes, fma=fma)
    parts = [
        *functions(system, f, lanes, fma=fma),
        *([lu_printer.lu_functions(f, lanes, fma=fma)] if f else []),
        vector_math.vector_functions(lanes, fma=fma),
        step_function(system, method, layout, lanes, fma=fma),
        *event_functions(system, layout, lanes, fma=fma),
        *service_functions(system, layout, lanes, fma=fma),
        run_function(layout, lanes, fma=fma),
        *tangents,
    ]
    text = "\n".join(parts)
    return Module("\n".join([*_declarations(text, lanes), text]), layout, lanes)


def _declarations(text: str, lanes: int) -> list[str]:
    known = dict.fromkeys([*vector_math.declarations(lanes), *lu_printer.declarations(lanes), "declare i64 @llvm.cttz.i64(i64, i1)"])
    named = {line.split("@")[1].split("(")[0] for line in known}
    for name, kind in sorted(set(_INTRINSIC.findall(text))):
        if f"{name}.{kind}" not in named:
            element = "double" if kind == "f64" else f"<{lanes} x double>"
            count = 3 if name == "llvm.fma" else 2 if name in _TWO else 1
            known[f"declare {element} @{name}.{kind}({', '.join([element] * count)})"] = None
    return list(known)
