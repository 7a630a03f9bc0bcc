"""Run the SBML semantic suite: `python verification/sbml_suite.py CASES.tar.xz [out.csv] [rtol atol [compiled]]`.

Prints how many cases pass, are refused, are wrong or hang, the same by tag, and every wrong case; writes a CSV. With the word
`compiled` the compiled engine runs the cases that it knows.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "standards"))
from sbml_cases import Verdict, judge, unpack


def main(archive: str, out: str = "sbml_suite.csv", rtol: str = "1e-8", atol: str = "1e-12", engine: str = "reference") -> int:
    one = partial(judge, rtol=float(rtol), atol=float(atol), compiled=engine == "compiled")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor() as pool:
        cases = unpack(Path(archive), Path(folder))
        verdicts = list(pool.map(one, cases, chunksize=8))
    with Path(out).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("case", "outcome", "words", "tags"))
        writer.writerows((v.case, v.outcome, v.words, ";".join(v.tags)) for v in verdicts)
    _print(verdicts)
    return int(any(v.outcome in ("wrong", "hang") for v in verdicts))


def _print(verdicts: list[Verdict]) -> None:
    by_tag: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        for tag in verdict.tags:
            by_tag[tag][verdict.outcome] += 1
    for tag, counts in sorted(by_tag.items()):
        print(f"{tag:45s}" + "  ".join(f"{outcome} {counts[outcome]:4d}" for outcome in ("pass", "refused", "wrong", "hang")))
    for verdict in verdicts:
        if verdict.outcome in ("wrong", "hang"):
            print(verdict.case, verdict.outcome, verdict.words)
    print(dict(Counter(verdict.outcome for verdict in verdicts)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
