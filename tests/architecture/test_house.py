"""House rules: lengths, what the library holds, no path of a machine, links, floors, pins."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house_cases import MACHINE_PATH, ROOT, files, function_lengths, lost_links, python_files, text_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 60


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_a_file_fits_in_300_lines() -> None:
    lengths = {name_of(path): len(text_of(path).splitlines()) for path in python_files("src", "tests", "verification")}
    assert {"src/serdsim/__init__.py", "tests/architecture/test_house.py"} <= set(lengths)
    assert {name: lines for name, lines in lengths.items() if lines > MOST_FILE_LINES} == {}


def test_a_function_fits_in_60_lines() -> None:
    lengths = {f"{name_of(path)}:{name}": lines for path in python_files("src") for name, lines in function_lengths(text_of(path)).items()}
    assert len(lengths) > 100
    assert {name: lines for name, lines in lengths.items() if lines > MOST_FUNCTION_LINES} == {}


def test_a_function_is_measured_with_decorators_and_docstring() -> None:
    f = '@one(\n  1,\n)\n@two\ndef f():\n    """Words."""\n    def g():\n        return 1\n    return g\n'
    source = f + "\n\nclass C:\n    async def h(self): ...\n"
    assert function_lengths(source) == {"f:1": 9, "g:7": 2, "h:13": 1}


def test_the_library_holds_no_python() -> None:
    held = [path for path in (ROOT / "library").rglob("*") if path.is_file()]
    assert held
    assert [name_of(path) for path in held if path.suffix.startswith(".py") or re.match(r"#!.*python", text_of(path))] == []


def test_no_file_names_a_path_of_a_machine() -> None:
    texts = {name_of(path): text_of(path) for path in files("src", "library", "README.md", "docs", ".ci", "tests")}
    assert {"README.md", ".ci/run"} <= set(texts)
    assert [f"{name}: {found[0]}" for name, text in texts.items() for found in MACHINE_PATH.finditer(text)] == []


@pytest.mark.parametrize("root", ["work", "root", "tmp"])
def test_a_path_of_a_machine_is_seen(root: str) -> None:
    path = f"/{root}/x"
    assert all(MACHINE_PATH.search(text) for text in (path, f'a\n"{path}"', f"see {path}", f"file://{path}"))
    assert not any(MACHINE_PATH.search(text) for text in (f"https://example.org{path}", f"..{path}", f"a{path}", f"/{root}s/x"))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_to_files(page: str) -> None:
    assert lost_links(ROOT / page) == []


def test_a_lost_link_is_seen(tmp_path: Path) -> None:
    (tmp_path / "here.md").touch()
    page = tmp_path / "page.md"
    page.write_text('[a](here.md#b) [c](https://x.org) [d](#e) ![f](g.png) [![h](i.png)](here.md) <img src="j.svg"> [k](gone.md "words")')
    assert lost_links(page) == ["g.png", "i.png", "j.svg", "gone.md"]


TAKE = """
import pkgutil, sys
from importlib import import_module
import serdsim

names = sorted(serdsim.__all__, reverse=sys.argv[1] == "backward")
first = {name: getattr(serdsim, name) for name in names}
again = {name: getattr(serdsim, name) for name in reversed(names)}
modules = [one.name for one in pkgutil.walk_packages(serdsim.__path__, "serdsim.") if not one.name.endswith("__main__")]
for module in modules:
    import_module(module)
last = {name: getattr(serdsim, name) for name in names}
starred = {}
exec("from serdsim import *", starred)
starred.pop("__builtins__")
assert len(modules) > 50, modules
assert set(starred) == set(serdsim.__all__) == set(serdsim._HOMES), (starred, serdsim.__all__)
for name in names:
    assert first[name] is again[name] is last[name] is starred[name], f"{name} changes: {first[name]}, then {last[name]}"
    assert callable(last[name]), name
    home, attribute = serdsim._HOMES[name]
    assert last[name] is getattr(sys.modules[home], attribute), name
"""


def test_public_names_stay_the_same_objects() -> None:
    command = [sys.executable, "-W", "ignore", "-c", TAKE]
    running = [subprocess.Popen([*command, order], stderr=subprocess.PIPE, text=True) for order in ("forward", "backward")]
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said


def test_no_public_name_is_that_of_a_module() -> None:
    import serdsim

    held = {path.stem for path in (ROOT / "src/serdsim").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {"errors", "model"} <= held
    assert held.intersection(serdsim.__all__) == set()
    assert len(set(serdsim.__all__)) == len(serdsim.__all__)


@pytest.mark.skipif(importlib.util.find_spec("importlinter") is None, reason="import-linter is not installed")
def test_imports_go_downward_only() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_pins_are_pins_and_no_addresses() -> None:
    assert PINS
    assert [line for line in PINS if not re.fullmatch(r"[a-z0-9-]+==[0-9][\w.+!]*( ; .+)?", line) or "://" in line or "@" in line] == []


def test_every_dependency_is_pinned_within_its_bounds() -> None:
    wanted = [Requirement(line) for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()) for line in lines]
    pins: dict[str, set[str]] = {}
    for pin in map(Requirement, PINS):
        pins.setdefault(canonicalize_name(pin.name), set()).update(one.version for one in pin.specifier)
    assert {"numpy", "pytest"} <= {one.name for one in wanted}
    assert [one.name for one in wanted if canonicalize_name(one.name) not in pins] == []
    assert [str(one) for one in wanted if not all(one.specifier.contains(pin) for pin in pins[canonicalize_name(one.name)])] == []
