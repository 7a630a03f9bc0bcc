"""Files of run folders, as they were written; nothing outside a run folder is ever read."""

from __future__ import annotations

import re
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}
BARE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]*)">')
_ALLOWED = re.compile(r"[A-Za-z0-9 ;:'+/=-]+")
_HEAD = 4096  # bytes of a page in which its policy stands


def find_file(root: Path, run: str, path: str) -> Path | None:
    """Return a file of a run, None for anything else: no such file, one outside its folder, a hidden one."""
    if run.startswith(".") or any(part.startswith(".") for part in Path(path).parts):
        return None
    try:
        folder = (root / run).resolve()
        found = (folder / path).resolve()
        inside = folder.parent == root.resolve() and found.is_relative_to(folder) and found.is_file()
    except (OSError, ValueError):  # names that are too long, or hold a zero byte
        return None
    return found if inside else None


def first_page(root: Path, run: str) -> str | None:
    """Return the file of a run to begin with: its page, else its record."""
    return next((name for name in ("report.html", "run.json") if find_file(root, run, name)), None)


def media_type(path: Path) -> str:
    """Return what a file is, as a browser is told."""
    return TYPES.get(path.suffix, "application/octet-stream")


def policy_of(content: bytes) -> str:
    """Return the policy of a page that a run wrote: its own, by hashes, or one that allows nothing."""
    found = _POLICY.search(content[:_HEAD])
    own = found[1].decode("utf-8", "replace").replace("&#39;", "'") if found else ""
    safe = own.startswith("default-src 'none';") and "unsafe" not in own and "http" not in own and _ALLOWED.fullmatch(own)
    return own + "; frame-ancestors 'none'" if safe else BARE
