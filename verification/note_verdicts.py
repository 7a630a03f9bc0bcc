"""Write what a change of the library's numbers did to the verdicts, from two runs of `serdsim moa` with the same draws and seed.

python verification/note_verdicts.py RUN_BEFORE RUN_AFTER "words of the cause"
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from serdsim.errors import InputError, SerdsimError
from serdsim.evidence.changes import COLUMNS, FILE
from serdsim.model.recipe import shipped_library
from serdsim.tables import write_table


def record_of(run: Path) -> tuple[dict[str, object], pd.DataFrame]:
    """Return the record of a run and its tested statements by id."""
    statements = pd.read_csv(run / "tables" / "statements.csv").set_index("id")
    return json.loads((run / "run.json").read_text(encoding="utf-8")), statements[statements["verdict"].notna()]


def main() -> int:
    """Compare the runs and write the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("cause", help='as in "two fits by SciPy were replaced by one"')
    arguments = parser.parse_args()
    (old, before), (new, after) = record_of(arguments.before), record_of(arguments.after)
    try:
        if old["replay"] != new["replay"]:
            raise InputError(f"the runs were asked for by different commands: {old['replay']} and {new['replay']}")
        words = str(new["replay"]).split()
        draws, seed = (int(words[words.index(name) + 1]) for name in ("--draws", "--seed"))
        common = {"cause": arguments.cause, "date": str(new["created"])[:10], "draws": draws, "seed": seed}
        records = [
            {"statement": id, **common, "before": before.verdict[id], "p_before": before.p_pass[id], "after": after.verdict[id]}
            | {"p_after": after.p_pass[id]}
            for id in after.index
            if id in before.index
        ]
        write_table(shipped_library() / FILE, COLUMNS, records)
    except SerdsimError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
