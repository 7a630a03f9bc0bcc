"""The working tree as the house rules see it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MACHINE_PATH = re.compile(r"(^|[^a-zA-Z0-9.])/(work|root|tmp)/", re.M)
LINK = re.compile(r"\]\(([^)\s]+)|(?:src|href)=[\"']([^\"']+)")
IGNORED = {"__pycache__", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache", "runs", "dist", "build", ".venv"}


def files(*names: str) -> Iterator[Path]:
    """Files at or under the names, tracked or not, without what git ignores."""
    for name in names:
        start = ROOT / name
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and not IGNORED.intersection(path.relative_to(ROOT).parts):
                yield path


def python_files(*names: str) -> list[Path]:
    return [path for path in files(*names) if path.suffix == ".py"]


def text_of(path: Path) -> str:
    """The text, or nothing where the file is binary."""
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode("utf-8")


def function_lengths(source: str) -> dict[str, int]:
    """Lines of every function with its decorators and docstring, by name and first line."""
    lengths = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            assert node.end_lineno is not None
            lengths[f"{node.name}:{first}"] = node.end_lineno - first + 1
    return lengths


def lost_links(page: Path) -> list[str]:
    """Local links and images of a Markdown page that lead to no file."""
    lost = []
    for target in (one or other for one, other in LINK.findall(page.read_text(encoding="utf-8"))):
        place = target.split("#")[0]
        if place and not re.match(r"[a-z]+:", place) and not (page.parent / place).exists():
            lost.append(target)
    return lost
