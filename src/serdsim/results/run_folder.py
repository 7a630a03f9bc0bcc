"""Run folders: written whole or not at all, found again by the first letters of their id."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from serdsim.errors import InputError, Issue
from serdsim.results.disk import disk_errors, nearest_folder
from serdsim.results.run_record import complete_record, record_text
from serdsim.results.table_files import write_table

RESUME = "resume.json"  # there as long as a run is unfinished
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def require_room(root: Path) -> None:
    """Check, before hours of work, that runs can be written below `root`; nothing is created.

    Raises
    ------
    InputError
        When the nearest folder that exists cannot be written to, or is a file.
    """
    nearest = nearest_folder(root)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(
            Issue(f"runs cannot be written to {root}", expected="a folder that can be written to", repair="Name another with --out")
        )


def write_run(
    root: Path,
    run: str,
    record: Mapping[str, object],
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    figures: Mapping[str, str] | None = None,
    page: str | None = None,
    extra_files: Mapping[str, bytes | str] | None = None,
    to_png: Callable[[str], bytes] | None = None,
) -> Path:
    """Write the folder ``root/run`` and return its path.

    The folder is built beside its place and then moved there, so that a reader never meets half of it. A folder of the
    same run is replaced; of two writers at once the last one wins. After an exception nothing of the attempt is left.

    Parameters
    ----------
    root : Path
        Folder of all runs, made when missing.
    run : str
        The run id.
    record : mapping
        Content of run.json; `complete_record` adds what is missing.
    tables : mapping of str to DataFrame
        Written as ``tables/<name>.csv`` and ``.parquet``, rows in the order given.
    figures : mapping of str to str
        SVG text, written as ``figures/<name>.svg``, and ``.png`` when `to_png` is given; narrow drawings (``-narrow``) stay SVG.
    page : str or None
        Content of report.html.
    extra_files : mapping of str to bytes or str
        More files, by path relative to the run folder.
    to_png : callable or None
        Draws SVG text as PNG.

    Raises
    ------
    InputError
        In words, when the disk is full, writing is not permitted or a name is unusable.
    """
    _check_names([run, *(tables or {}), *(figures or {})])
    partial = root / f".{run}.partial-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with disk_errors(root):
        try:
            partial.mkdir(parents=True)
            _fill(partial, complete_record(run, record), tables or {}, figures or {}, to_png)
            _write_files(partial, {**({} if page is None else {"report.html": page}), **(extra_files or {})})
            _move_into_place(partial, root / run)
        finally:
            # after the move there is nothing of that name
            shutil.rmtree(partial, ignore_errors=True)
    return root / run


def _check_names(names: list[str]) -> None:
    wrong = [name for name in names if not _NAME.fullmatch(name)]
    if wrong:
        raise InputError([Issue(f"{name!r} cannot name a run, a table or a figure", expected="letters, digits, _ . -") for name in wrong])


def _fill(
    folder: Path,
    record: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    figures: Mapping[str, str],
    to_png: Callable[[str], bytes] | None,
) -> None:
    (folder / "tables").mkdir()
    for name, table in tables.items():
        write_table(table, folder / "tables", name)
    (folder / "figures").mkdir()
    for name, svg in figures.items():
        (folder / "figures" / f"{name}.svg").write_text(svg, encoding="utf-8")
        if to_png and not name.endswith("-narrow"):
            (folder / "figures" / f"{name}.png").write_bytes(to_png(svg))
    (folder / "run.json").write_text(record_text(record), encoding="utf-8")


def _write_files(folder: Path, files: Mapping[str, bytes | str]) -> None:
    for name, content in files.items():
        parts = Path(name).parts
        if not parts or not all(_NAME.fullmatch(part) for part in parts):
            raise InputError(Issue(f"{name!r} cannot name a file of a run", expected="a relative path of letters, digits, _ . -"))
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _move_into_place(partial: Path, final: Path) -> None:
    """Rename `partial` to `final`; what is in the way steps aside first, and comes back if that is interrupted."""
    aside: list[Path] = []
    try:
        while not _renamed(partial, final):
            # another writer may take the folder away or put a new one there in between: then try again
            aside.append(partial.with_name(partial.name.replace(".partial-", f".old-{len(aside)}-")))
            with contextlib.suppress(FileNotFoundError):
                final.rename(aside[-1])
    except BaseException:
        for path in reversed(aside):
            with contextlib.suppress(OSError):
                path.rename(final)
        raise
    finally:
        for path in aside:
            shutil.rmtree(path, ignore_errors=True)


def _renamed(partial: Path, final: Path) -> bool:
    try:
        partial.rename(final)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST) or final.is_dir():
            return False
        raise
    return True


def list_runs(root: Path) -> list[dict[str, Any]]:
    """Return one entry per folder of `root`: run, created, verb, summary, state; the newest first.

    `state` is ``ok`` or says what is wrong with the folder; broken folders come last.
    """
    entries = [_entry(folder) for folder in _folders(root)]
    return sorted(entries, key=lambda entry: (entry["state"] == "ok", entry["created"] or "", entry["run"]), reverse=True)


def _entry(folder: Path) -> dict[str, Any]:
    try:
        record = _load(folder)
    except InputError as error:
        return {"run": folder.name, "created": None, "verb": None, "summary": None, "state": error.issues[0].problem}
    return {"run": folder.name} | {key: record.get(key) for key in ("created", "verb", "summary")} | {"state": "ok"}


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(Issue(f"the runs in {root} cannot be listed: {error.strerror}", expected="a folder")) from error


def _load(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        unfinished = (folder / RESUME).exists()
        problem = f"unfinished: serdsim resume {folder.name} goes on with it" if unfinished else "broken: run.json is missing"
        raise InputError(Issue(problem, file=str(path))) from error
    except OSError as error:
        raise InputError(Issue(f"broken: run.json cannot be read: {error.strerror}", file=str(path))) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Issue("broken: run.json is not JSON", file=str(path))) from error
    if not isinstance(record, dict) or record.get("schema") != 1 or record.get("run") != folder.name:
        raise InputError(Issue("broken: run.json is of another run or another schema", file=str(path)))
    return record


def find_run(root: Path, run: str) -> Path:
    """Return the folder of the run whose id begins with `run`.

    Raises
    ------
    InputError
        When no id or more than one begins so; names the near ones.
    """
    names = [folder.name for folder in _folders(root)]
    if run in names:
        return root / run
    matches = [name for name in names if run and name.startswith(run)]
    if len(matches) == 1:
        return root / matches[0]
    if matches:
        raise InputError(Issue(f'"{run}" begins {len(matches)} runs: {_listed(matches)}', expected="more letters of the id"))
    near = get_close_matches(run, names, n=3, cutoff=0.5)
    repair = f"Near ones: {_listed(near)}" if near else "serdsim runs lists what there is"
    raise InputError(Issue(f'no run "{run}" in {root}', expected="a run id or its first letters", repair=repair))


def read_run(root: Path, run: str) -> dict[str, Any]:
    """Return run.json of the run whose id begins with `run`.

    Raises
    ------
    InputError
        When the run is unknown, not unique or broken.
    """
    return _load(find_run(root, run))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
