"""Antimony fragments and SBML documents, made as small as a test needs."""

from __future__ import annotations

from pathlib import Path

UNITS = """unit substance = 1e-9 mole; unit extent = 1e-9 mole
unit time_unit = 3600 second; unit volume = litre
unit nM = 1e-9 mole/litre
unit per_h = 1/(3600 second)
"""
CELL = """// a comment: k9 = 3
compartment cell = 2e-12
cell has volume
species A in cell, B in cell
species $C in cell = 1
A = 3; B = 0
A has nM; B has nM; C has nM
k = 2; k has per_h   /* x := 3
 */
J1: A -> 2 B; k*A*cell
x := A + B; x has nM
f = 1; f has dimensionless
f' = -k*f
B -> ; k*B*cell
halve: at x > k_top: A = A/2,
  B = 0
at time > t_late, t0=false, persistent=false, priority=2: f = 1
k_top = 5; k_top has nM; t_late = 3; t_late has time_unit
"""


def antimony(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"part{number}.ant" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def sbml(body: str, level: int = 3, version: int = 2, head: str = "") -> str:
    space = f"http://www.sbml.org/sbml/level{level}/version{version}" + ("/core" if level > 2 else "")
    return f'<sbml xmlns="{space}" level="{level}" version="{version}"><model id="m" {head}>{body}</model></sbml>'


def math_of(text: str) -> str:
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{text}</math>'
