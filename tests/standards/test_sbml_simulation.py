"""Every fourth case of the semantic suite gives the suite's own numbers or is refused by name; none is wrong or hangs."""

from collections import Counter
from pathlib import Path

import pytest
from sbml_cases import Verdict, judge, unpack

pytestmark = pytest.mark.shared
REASONS = (
    "an algebraic rule",
    "a value from the past with delay()",
    'the reaction is marked "fast"',
    "Model failed to flatten",
    'an entity is called "time"',
)
BLOCKS = 7


@pytest.fixture(scope="session")
def cases(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return unpack(shared_dir / "conformance" / "sbml" / "cases.tar.xz", tmp_path_factory.mktemp("sbml"))[2::4]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_case_of_the_suite_passes_or_is_refused_by_name(cases: list[Path], block: int) -> None:
    verdicts = [judge(case) for case in cases[block::BLOCKS]]
    bad = [v for v in verdicts if v.outcome in ("wrong", "hang") or (v.outcome == "refused" and not _named(v))]
    assert not bad, "\n".join(f"{v.case} {v.outcome}: {v.words}" for v in bad)
    counts = Counter(v.outcome for v in verdicts)
    assert counts["pass"] >= 0.8 * len(verdicts), counts


def _named(verdict: Verdict) -> bool:
    return any(reason in verdict.words for reason in REASONS)
