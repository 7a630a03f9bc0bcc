"""Small PEtab problems, written where a test wants them."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from serdsim.claims.evidence_rows import read_facts
from serdsim.model.antimony import antimony_to_sbml, read_source
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library

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
EXTENDED = (
    TWO
    + """extensions:
  serdsim:
    version: 1.0.0
    required: true
    config:
      reading_files: [readings.tsv]
      term_files: [terms.tsv]
      source_files: [sources.tsv]
      row_files: [rows.tsv]
"""
)
READINGS = "readingId observableId experimentId time"
TERMS = "termId termFormula lower upper noiseDistribution noiseFormula datasetId"
SOURCES = "datasetId evidence title"
ROWS = "parameterId table key id transform"
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


def extended(folder: Path, yaml: str = EXTENDED, **replaced: tuple[str, str]) -> Path:
    """Write a decay with one measurement and five terms, and replace one text per table."""
    tables = {
        "parameters": f"{PARAMETERS}\nk 0.01 10 0.2 true\nfactor 0.1 10 2 true\nspread 0.01 1 0.5 true\nunused 0.01 1 0.25 false",
        "conditions": "conditionId targetId targetValue\nlow drug 5\nhigh drug 10",
        "experiments": "experimentId time conditionId\na 0 low\nb 0 high\nc 1 high",
        "observables": f"{OBSERVABLES}\no drug 1 normal - -\np drug*held 1 normal held -",
        "measurements": "observableId experimentId time measurement observableParameters datasetId\no a 1 4 - blot",
        "readings": f"{READINGS}\na5 o a 5\nb5 o b 5\nb0 o b 0\na1 o a 1",
        "terms": f"{TERMS}\nsame factor*a5 3.5 3.5 normal 0.5 blot\nratio b5/a5 2.2 2.2 log-normal spread gel\n"
        "inside a5 1.5 2.5 normal 0.5 gel\nbelow b5-b0 - 0 normal 5 gel\nabove a5/b5 0.4 - log-normal spread gel",
        "sources": f"{SOURCES}\nblot {{calibrate}} One~blot\ngel - Another~gel",
        "rows": f"{ROWS}\nk parameters.tsv - {{row}} identity\nunused parameters.tsv - {{share}} odds",
    }
    for name, (old, new) in replaced.items():
        assert old in tables[name]
        tables[name] = tables[name].replace(old, new, 1)
    facts = {fact.role: id for id, fact in reversed(read_facts().items())}
    rows = [row.text("id") for row in rows_of(shipped_library() / "parameters.tsv", None)]
    tables = {name: text.format(row=rows[0], share=rows[1], **facts) for name, text in tables.items()}
    model = "compartment plasma = 3; species drug in plasma; drug = 5; loss: drug -> ; plasma * k * drug; k = 0.3"
    return write(folder, model, yaml, **tables)


def example(folder: Path, **replaced: tuple[str, str]) -> Path:
    """Copy the shipped example and replace one text per file, named by its stem."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    for stem, (old, new) in replaced.items():
        (path,) = folder.glob(f"{stem}.*")
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return folder / "problem.yaml"
