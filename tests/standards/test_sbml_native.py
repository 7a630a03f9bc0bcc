"""Every twentieth case of the semantic suite that the reference engine passes also passes on the compiled engine, if it knows it."""

from collections import Counter
from pathlib import Path

import pytest
from sbml_cases import judge, unpack

pytestmark = pytest.mark.shared
UNKNOWN = "not supported by the compiled engine"


def test_what_the_reference_passes_the_compiled_engine_passes(shared_dir: Path, tmp_path: Path) -> None:
    cases = unpack(shared_dir / "conformance" / "sbml" / "cases.tar.xz", tmp_path)[7::20]
    pairs = [(judge(case), judge(case, compiled=True)) for case in cases]
    bad = [
        f"{fast.case} {fast.outcome}: {fast.words}"
        for slow, fast in pairs
        if slow.outcome == "pass" != fast.outcome and fast.words != UNKNOWN
    ]
    assert not bad, "\n".join(bad)
    counts = Counter(fast.outcome for _, fast in pairs)
    assert counts["pass"] >= 0.5 * len(cases), counts
