"""Small PEtab problems, written where a test wants them."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from serdsim.model.antimony import antimony_to_sbml, read_source

EXAMPLE = Path(__file__).resolve().parent.parent / "library" / "examples" / "decay"
needs_petab = pytest.mark.skipif(find_spec("petab") is None, reason="the library petab is not installed")

ONE = """format_version: 1
parameter_file: parameters.tsv
problems:
- condition_files: [conditions.tsv]
  measurement_files: [measurements.tsv]
  observable_files: [observables.tsv]
  sbml_files: [model.xml]
"""
TWO = """format_version: 2.0.0
model_files: {it: {language: sbml, location: model.xml}}
parameter_files: [parameters.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
"""
PARAMETERS_ONE = "parameterId parameterScale lowerBound upperBound nominalValue estimate"
PARAMETERS = "parameterId lowerBound upperBound nominalValue estimate"
MEASUREMENTS_ONE = "observableId preequilibrationConditionId simulationConditionId time measurement observableParameters noiseParameters"
MEASUREMENTS = "observableId experimentId time measurement observableParameters noiseParameters"
OBSERVABLES_ONE = "observableId observableFormula noiseFormula observableTransformation noiseDistribution"
OBSERVABLES = "observableId observableFormula noiseFormula noiseDistribution observablePlaceholders noisePlaceholders"


def write(folder: Path, model: str, yaml: str = TWO, **tables: str) -> Path:
    """Write a problem; cells are divided by blanks, a "-" is an empty cell and "~" a blank inside one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.ant").write_text(model)
    (folder / "model.xml").write_text(antimony_to_sbml(read_source(folder / "model.ant")))
    (folder / "problem.yaml").write_text(yaml)
    usual = {"conditions": "conditionId targetId targetValue", "experiments": "experimentId time conditionId"}
    if yaml == ONE:
        usual = {"conditions": "conditionId\nc"}
    for name, text in {**usual, **tables}.items():
        lines = [[("" if cell == "-" else cell).replace("~", " ") for cell in line.split()] for line in text.strip().splitlines()]
        (folder / f"{name}.tsv").write_text("\n".join("\t".join(cells) for cells in lines) + "\n")
    return folder / "problem.yaml"


def example(folder: Path, **replaced: tuple[str, str]) -> Path:
    """Copy the shipped example and replace one text per file, named by its stem."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    for stem, (old, new) in replaced.items():
        (path,) = folder.glob(f"{stem}.*")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return folder / "problem.yaml"
