"""The shipped cell model as SBML: its fragments in Antimony with the numbers of the tables, and parameters that keep references."""

from __future__ import annotations

import re
from collections.abc import Mapping

from serdsim.model.antimony import antimony_to_sbml, join_fragments
from serdsim.model.entities import Model
from serdsim.model.recipe import Recipe
from serdsim.tables import format_number

AREA = "unit nM_h = 3600e-9 mole * second / litre;"


def sbml_of(model: Model, recipe: Recipe, references: Mapping[str, str], areas: Mapping[str, str] | None = None) -> str:
    """Return the model with its values as SBML.

    `references` become parameters with the unit of what they keep, 1 at first; `areas` become states that grow by a concentration [nM h].
    """
    text = join_fragments(recipe.fragments, recipe.id, recipe.clones).text
    body = text[: text.rindex("end")]
    ruled = {rule.target for rule in model.rules if rule.kind != "rate"}
    numbers = {
        id: one.value for table in (model.compartments, model.species, model.parameters) for id, one in table.items() if id not in ruled
    }
    lines = [f"{id} = {format_number(float(value))};" for id, value in numbers.items() if value is not None]
    lines += [f"var {id} = 1;  {id} has {unit_of(body, kept)};" for id, kept in references.items()]
    if areas:
        lines += [AREA, *(f"var {id} = 0;  {id} has nM_h;  {id}' = {grows};" for id, grows in areas.items())]
    found = antimony_to_sbml("\n".join([body, *lines, "end", ""]))
    return re.sub(r"<!--.*?-->\n?", "", found, flags=re.DOTALL)


def unit_of(text: str, id: str) -> str:
    """Return the unit that the fragments declare for a quantity."""
    found = re.search(rf"\b{id} has (\w+)", text)
    if found is None:
        raise ValueError(f"no fragment declares the unit of {id}")
    return found.group(1)


def problem_yaml(says: str, model: str) -> str:
    """Return the YAML file of a problem with the usual names of its tables; `says` is its first line."""
    return f"# {says}\n" + TABLES.format(model=model)


TABLES = """\
format_version: 2.0.0
model_files:
  {model}:
    language: sbml
    location: model.xml
parameter_files: [parameters.tsv]
condition_files: [conditions.tsv]
experiment_files: [experiments.tsv]
observable_files: [observables.tsv]
measurement_files: [measurements.tsv]
extensions:
  serdsim:
    version: 1.0.0
    required: true
    config:
      reading_files: [readings.tsv]
      term_files: [terms.tsv]
      source_files: [sources.tsv]
      row_files: [rows.tsv]
"""
