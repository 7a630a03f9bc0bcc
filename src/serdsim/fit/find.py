"""Name or path -> the YAML file of a problem."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from serdsim.errors import InputError, Issue
from serdsim.model.recipe import shipped_library


def shipped_problems(library: Path | None = None) -> tuple[str, ...]:
    """Return the names of the problems that a library ships."""
    folder = (library or shipped_library()) / "problems"
    return tuple(sorted(path.parent.name for path in folder.glob("*/*.yaml") if path.stem == path.parent.name))


def find_problem(name: str, library: Path | None = None) -> Path:
    """Return the YAML file of a shipped problem, of a path, or of a folder that holds one.

    Raises
    ------
    InputError
        When there is none, or a folder holds several.
    """
    shipped = shipped_problems(library)
    if name in shipped:
        return (library or shipped_library()) / "problems" / name / f"{name}.yaml"
    path = Path(name)
    if path.is_dir():
        return _only_one(path)
    if path.is_file():
        return path
    near = get_close_matches(name, shipped, 1)
    repair = f'Perhaps you mean "{near[0]}"' if near else "Check the path and the name of the file"
    expected = " or ".join(["the path of a YAML file", *([f"one of {', '.join(shipped)}"] if shipped else [])])
    raise InputError(Issue(f'"{name}" is neither a shipped problem nor a file', expected=expected, repair=repair))


def _only_one(folder: Path) -> Path:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".yaml", ".yml"))
    if len(found) == 1:
        return found[0]
    what = f"the folder holds {len(found)} YAML files" + (f": {', '.join(path.name for path in found[:8])}" if found else "")
    raise InputError(Issue(what, str(folder), expected="one", repair="Name the file" if found else None))
