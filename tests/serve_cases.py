"""A folder with a small finished run, and the server over it."""

from __future__ import annotations

import json
from pathlib import Path

from serdsim.model.recipe import shipped_library

_EMPTY = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
POLICY = f"default-src 'none'; style-src {_EMPTY}; img-src data:; base-uri 'none'; form-action 'none'"


def page(*statements: str, policy: str = POLICY) -> str:
    """Return a page as a run writes it, with these statements."""
    articles = "".join(f'<article id="{id}">{id}</article>' for id in statements)
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<title>a run</title><link rel="icon" href="data:,">'
    return f'<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n{head}</head><body>{articles}</body></html>\n'


def write_run(root: Path, run: str, question: str, created: str, pages: dict[str, str], verdicts: dict[str, str] | None = None) -> Path:
    """Write the folder of a finished run."""
    folder = root / run
    (folder / "tables").mkdir(parents=True)
    record = {"schema": 1, "run": run, "verb": "moa", "created": created, "question": question, "plan": {}, "summary": "1 inconclusive"}
    (folder / "run.json").write_text(json.dumps(record))
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    rows = "".join(f"{id},tested,{verdict}\n" for id, verdict in (verdicts or {}).items())
    (folder / "tables" / "statements.csv").write_text("id,state,verdict\n" + rows)
    return folder


LIBRARY = shipped_library()
