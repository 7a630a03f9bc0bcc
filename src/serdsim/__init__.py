"""serdsim: an executable mechanism of action.

Every statement about how imlunestrant works is bound to its references and to a simulation that can support or refute it.
A research tool, never medical advice.

>>> import serdsim as ss
>>> model = ss.load("cell", drug="imlunestrant", genotype="Y537S")
>>> model["Kd_drug"].unit
'nM'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serdsim.analysis.score import score
    from serdsim.dosing.regimen import Regimen, parse_regimen
    from serdsim.model.entities import Model
    from serdsim.model.library import load
    from serdsim.model.sbml import read_model
    from serdsim.report.answer import answer_moa as moa
    from serdsim.report.combination_answer import answer_combination as predict
    from serdsim.simulation import simulate_named as simulate

_HOMES = {
    "Model": ("serdsim.model.entities", "Model"),
    "Regimen": ("serdsim.dosing.regimen", "Regimen"),
    "load": ("serdsim.model.library", "load"),
    "moa": ("serdsim.report.answer", "answer_moa"),
    "parse_regimen": ("serdsim.dosing.regimen", "parse_regimen"),
    "predict": ("serdsim.report.combination_answer", "answer_combination"),
    "read_model": ("serdsim.model.sbml", "read_model"),
    "score": ("serdsim.analysis.score", "score"),
    "simulate": ("serdsim.simulation", "simulate_named"),
}
__all__ = ["Model", "Regimen", "load", "moa", "parse_regimen", "predict", "read_model", "score", "simulate"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'serdsim' has no attribute {name!r}")
    home, attribute = _HOMES[name]
    return getattr(import_module(home), attribute)
