"""Locks: predictions written down before anybody compares them, with hashes of what they rest on.

A lock is JSON with one prediction a line. `content_sha256` is that of all the rest; a lock that was changed is not read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serdsim.errors import InputError, Issue
from serdsim.results.run_id import content_hash, plain
from serdsim.tables import Column, Row, write_table

if TYPE_CHECKING:
    from serdsim.analysis.predicted import Prediction

SCHEMA = "serdsim-lock-1"
PREDICTIONS = (
    Column("scenario"),
    Column("time_h", "number"),
    Column("observable"),
    Column("unit", "unit"),
    *(Column(name, "number") for name in ("median", "lo90", "hi90")),
)
_FIELDS = (
    *("schema", "protocol", "protocol_sha256", "model_sha256", "calibration_sha256", "git_commit", "created"),
    *("draws", "seed", "numerics", "table", "table_sha256", "predictions", "content_sha256"),
)
_TEXTS = ("protocol_sha256", "git_commit", "created", "table", "table_sha256", "content_sha256")
_NUMBERS = ("time", "estimate", "lo90", "hi90", "null")
_WORDS = ("population", "arm", "comparator", "endpoint", "unit", "null_model")
_REPAIR = "Take the lock as it was committed first; a lock is never mended, new predictions need a new lock"


@dataclass(frozen=True)
class Lock:
    """A lock that is whole: its record, its predictions with their lines, and the protocol files that are not beside it."""

    file: str
    record: Mapping[str, Any]
    lines: tuple[int, ...]
    unchecked: tuple[str, ...]

    @property
    def predictions(self) -> Sequence[Mapping[str, Any]]:
        """The predictions, with the fields of `record_of`."""
        found: Sequence[Mapping[str, Any]] = self.record["predictions"]
        return found

    def rows(self) -> list[Row]:
        """Return the predictions as rows of a table of predictions."""
        names = {"scenario": "arm", "time_h": "time", "observable": "endpoint", "median": "estimate"}

        def cell(one: Mapping[str, Any], column: Column) -> object:
            value = one[names.get(column.name, column.name)]
            return float(value) if column.kind == "number" else value

        pairs = zip(self.predictions, self.lines, strict=True)
        return [Row({column.name: cell(one, column) for column in PREDICTIONS}, line, self.file) for one, line in pairs]


def record_of(prediction: Prediction, population: str) -> dict[str, Any]:
    """Return a prediction as a lock writes it: time [h], estimate (median of the draws), central 90 % of measurements."""
    p = prediction
    return {
        "population": population,
        "arm": p.scenario,
        "comparator": p.comparator,
        "endpoint": p.observable,
        "time": p.time,
        "estimate": p.median,
        "lo90": p.lo90,
        "hi90": p.hi90,
        "unit": p.unit,
        "null": p.null,
        "null_model": p.null_model,
        "alone": dict(p.alone),
        "held_out": p.held_out,
    }


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a text file, the same for both kinds of line ends."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def files_hash(paths: Sequence[Path], root: Path) -> str:
    """Return one SHA-256 of several text files and their names below `root`."""
    return content_hash({path.relative_to(root).as_posix(): file_hash(path) for path in paths})


def write_lock(path: Path, predictions: Sequence[Mapping[str, Any]], protocol: Sequence[str], rests_on: Mapping[str, object]) -> None:
    """Write a lock and, beside it, its predictions as a table.

    Parameters
    ----------
    path : Path
        Ends with ``.lock.json``; the table has the same name with ``.csv``.
    predictions : sequence of mapping
        As `record_of` gives them.
    protocol : sequence of str
        Names of the files beside the lock that say what is predicted.
    rests_on : mapping
        model_sha256, calibration_sha256, git_commit, created, draws, seed, numerics.

    Raises
    ------
    InputError
        When there is a lock of that name.
    """
    if path.exists():
        raise InputError(
            Issue("there is a lock of that name", str(path), expected="a name that is free", repair="Locks stay; choose another name")
        )
    table = path.with_name(path.name.removesuffix(".lock.json") + ".csv")
    rows = [
        {"scenario": p["arm"], "time_h": p["time"], "observable": p["endpoint"], "median": p["estimate"]}
        | {name: p[name] for name in ("unit", "lo90", "hi90")}
        for p in predictions
    ]
    write_table(table, PREDICTIONS, rows)
    record = {
        "schema": SCHEMA,
        "protocol": sorted(protocol),
        "protocol_sha256": files_hash([path.parent / name for name in sorted(protocol)], path.parent),
        **rests_on,
        "table": table.name,
        "table_sha256": file_hash(table),
        "predictions": list(predictions),
    }
    record = plain(record)
    record["content_sha256"] = content_hash(record)
    path.write_text(_text(record), encoding="utf-8", newline="\n")


def _text(record: Mapping[str, Any]) -> str:
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in record.items() if name != "predictions"]
    inner = ",\n".join(json.dumps(one) for one in record["predictions"])
    return "{\n" + ",\n".join([*lines, f'"predictions": [\n{inner}\n]']) + "\n}\n"


def read_lock(path: Path) -> Lock:
    """Return a lock.

    Raises
    ------
    InputError
        For a file that is no lock, and for one whose content, protocol or table was changed after locking.
    """
    record = _record(path)
    own = record["content_sha256"]
    found = content_hash({name: value for name, value in record.items() if name != "content_sha256"})
    if own != found:
        problem = f"the lock was changed after it was written: its content has the hash {found[:12]}"
        raise InputError(Issue(problem, str(path), expected=f"{str(own)[:12]}, as content_sha256 says", repair=_REPAIR))
    files = [path.parent / str(name) for name in record["protocol"]]
    missing = tuple(file.name for file in files if not file.is_file())
    if not missing and files_hash(files, path.parent) != record["protocol_sha256"]:
        problem = "the protocol beside the lock is not the one that was locked: " + ", ".join(file.name for file in files)
        raise InputError(Issue(problem, str(path), expected=f"the hash {record['protocol_sha256'][:12]}", repair=_REPAIR))
    table = path.parent / str(record["table"])
    if table.is_file() and file_hash(table) != record["table_sha256"]:
        problem = f"the table {table.name} beside the lock was changed after it was written"
        raise InputError(Issue(problem, str(path), expected=f"the hash {record['table_sha256'][:12]}", repair=_REPAIR))
    return Lock(str(path), record, _lines(path, len(record["predictions"])), missing)


def _record(path: Path) -> dict[str, Any]:
    expected = f"JSON with the schema {SCHEMA}"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(Issue("the file is missing", str(path), expected="a lock", repair="Check the spelling of the path")) from None
    except (OSError, ValueError) as error:
        raise InputError(Issue(f"this cannot be read as a lock: {error}", str(path), expected=expected)) from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        given = record.get("schema") if isinstance(record, dict) else None
        raise InputError(Issue(f"the schema is {given}" if given else "this is no lock", str(path), expected=expected))
    lacks = [name for name in _FIELDS if name not in record]
    if lacks:
        raise InputError(Issue("the lock lacks " + ", ".join(lacks), str(path), expected=", ".join(_FIELDS), repair=_REPAIR))
    texts = [record[name] for name in _TEXTS] + (record["protocol"] if isinstance(record["protocol"], list) else [None])
    if not all(isinstance(text, str) for text in texts) or not isinstance(record["predictions"], list):
        raise InputError(Issue("hashes and names of files are text, protocol and predictions lists", str(path), repair=_REPAIR))
    for number, one in enumerate(record["predictions"], 1):
        if not _is_prediction(one):
            problem = f"prediction {number} has not the fields of one"
            raise InputError(Issue(problem, str(path), expected=", ".join((*_WORDS, *_NUMBERS, "alone", "held_out")), repair=_REPAIR))
    return record


def _is_prediction(one: object) -> bool:
    if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in _WORDS):
        return False
    alone = one.get("alone")
    numbers = [*(one.get(name) for name in _NUMBERS), *(alone.values() if isinstance(alone, dict) else [None])]
    plain_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers)
    return plain_numbers and isinstance(one.get("held_out"), bool)


def _lines(path: Path, count: int) -> tuple[int, ...]:
    """Return the line of each prediction; 1 where the same content was laid out in another way."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = tuple(number for number, line in enumerate(lines, 1) if line.startswith('{"population"'))
    return found if len(found) == count else (1,) * count
