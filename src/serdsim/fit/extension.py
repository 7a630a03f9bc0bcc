"""The extension `serdsim` of PEtab 2: named readings, terms of readings, where the data come from and which rows a fit fills."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from serdsim.fit.problem import Filled, Noise, Problem, Readout, Source, Term
from serdsim.fit.rows import Reading, Row
from serdsim.model.entities import Place
from serdsim.model.expression import Number

NAME, VERSION = "serdsim", "1.0.0"
FILES: dict[str, tuple[str, ...]] = {
    "reading_files": ("readingId", "observableId", "experimentId", "time"),
    "term_files": ("termId", "termFormula", "lower", "upper", "noiseDistribution", "noiseFormula", "datasetId"),
    "source_files": ("datasetId", "evidence", "title"),
    "row_files": ("parameterId", "table", "key", "id", "transform"),
}
TRANSFORMS = ("identity", "odds")
_NOISES = ("normal", "log-normal")


def extension_files(extensions: object, version: int, place: Place, reading: Reading) -> dict[str, list[str]]:
    """Return the files of our own extension by kind; `reading` collects an issue for every other extension."""
    known = extensions if isinstance(extensions, dict) else {}
    others = [name for name in known if name != NAME] if known else extensions if isinstance(extensions, list) else []
    for name in others:
        reading.wrong("the problem uses an extension", place, str(name), f"{NAME}, or none", "Leave it out if the numbers allow")
    if extensions and not isinstance(extensions, dict | list):
        reading.wrong("this names no extensions", place, "extensions", "extensions by name")
    if NAME not in known:
        return {}
    if version == 1:
        reading.wrong("the problem uses an extension", place, NAME, "format_version 2.0.0, since version 1 has no extensions")
        return {}
    return _files(known[NAME], place, reading)


def _files(entry: object, place: Place, reading: Reading) -> dict[str, list[str]]:
    said: Mapping[Any, Any] = entry if isinstance(entry, dict) else {}
    config: Any = said.get("config") or {}
    if not re.fullmatch(r"1(\.\d+)*", str(said.get("version", ""))):
        reading.wrong(f'the version "{said.get("version", "")}" of the extension is not known', place, NAME, "version: 1.0.0")
    if said.get("required") is not True:
        repair = "Without it a tool that does not know the extension would leave terms out and say nothing"
        reading.wrong("the extension does not say that it is required", place, NAME, "required: true", repair)
    for key in [key for key in said if key not in ("version", "required", "config")]:
        reading.wrong(f'the extension has no "{key}"', place, NAME, "version, required and config")
    if not isinstance(config, dict):
        reading.wrong("the config of the extension is no mapping", place, NAME, ", ".join(FILES))
        return {}
    for key in [key for key in config if key not in FILES]:
        reading.wrong(f'the config of the extension has no "{key}"', place, NAME, ", ".join(FILES))
    return {
        key: [str(one) for one in value] if isinstance(value := config.get(key), list) else [str(value)] for key in FILES if key in config
    }


def read_extension(problem: Problem, files: Mapping[str, Sequence[str]], reading: Reading) -> Problem:
    """Return the problem with what the tables of the extension say; `reading` collects the issues."""
    tables = {kind: reading.tables(files.get(kind, ()), columns, exact=True) for kind, columns in FILES.items()}
    sources = reading.once(tables["source_files"], "datasetId", free=True)
    return replace(
        problem,
        readings={row.text("readingId"): _readout(row, reading) for row in reading.once(tables["reading_files"], "readingId")},
        terms={row.text("termId"): _term(row, reading) for row in reading.once(tables["term_files"], "termId")},
        sources={row.text("datasetId"): _source(row) for row in sources},
        rows={row.text("parameterId"): _filled(row, reading) for row in reading.once(tables["row_files"], "parameterId")},
    )


def _readout(row: Row, reading: Reading) -> Readout:
    id = row.text("readingId")
    time = reading.number(row, "time", id, infinite=True)
    if time < 0.0:
        reading.wrong(f"the time is {time:g}", row.place, id, "0 or later")
    return Readout(id, row.text("observableId"), row.text("experimentId"), math.nan if time < 0.0 else time, row.place)


def _term(row: Row, reading: Reading) -> Term:
    id = row.text("termId")
    kind = reading.choice(row, "noiseDistribution", _NOISES, "normal", id)
    lower, upper = (
        reading.number(row, column, id) if row.text(column) else none for column, none in (("lower", -math.inf), ("upper", math.inf))
    )
    if not (row.text("lower") or row.text("upper")):
        repair = "Write one of them, or both; the same number in both is a measured number"
        reading.wrong("the term has neither a lower nor an upper bound", row.place, id, "a number in one of the columns", repair)
    if lower > upper:
        reading.wrong(f"the lower bound {lower:g} is above the upper bound {upper:g}", row.place, id, repair="Exchange them")
    if kind == "log-normal":
        for column, value in (("lower", lower), ("upper", upper)):
            if row.text(column) and value <= 0.0:
                words = f"the {column} bound {value:g} has no logarithm, which the noise asks for"
                reading.wrong(words, row.place, id, "a number above 0", "Leave the cell empty, or choose another noise distribution")
    width = reading.formula(row, "noiseFormula", id)
    if isinstance(width, Number) and not math.isnan(width.value) and not 0.0 < width.value < math.inf:
        reading.wrong(f"the noise {width.value:g} is no standard deviation", row.place, id, "a number above 0, or a formula")
    formula = reading.formula(row, "termFormula", id)
    return Term(
        id, formula, lower, upper, Noise(width, "normal", "log" if kind == "log-normal" else "lin"), row.text("datasetId"), row.place
    )


def _source(row: Row) -> Source:
    evidence = tuple(part.strip() for part in row.text("evidence").split(";") if part.strip())
    return Source(row.text("datasetId"), evidence, row.text("title"), row.place)


def _filled(row: Row, reading: Reading) -> Filled:
    id = row.text("parameterId")
    transform = reading.choice(row, "transform", TRANSFORMS, "identity", id)
    return Filled(id, row.text("table"), row.text("key"), row.text("id"), transform, row.place)
