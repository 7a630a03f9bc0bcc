import tarfile
from collections import Counter
from pathlib import Path

import pytest

from serdsim.errors import ModelError
from serdsim.model.compatibility import compatibility
from serdsim.model.sbml import read_sbml
from serdsim.model.unit_check import check_units

pytestmark = pytest.mark.shared
PERMITTED = ('needs the SBML package "comp"', 'marked "fast"', 'called "time"')


def test_every_case_of_the_suite_is_read_or_refused_in_words(shared_dir: Path) -> None:
    outcome: Counter[str] = Counter()
    with tarfile.open(shared_dir / "conformance" / "sbml" / "cases.tar.xz") as archive:
        for member in archive:
            if not member.name.endswith("model.xml"):
                continue
            handle = archive.extractfile(member)
            assert handle is not None
            try:
                model = read_sbml(handle.read().decode(), file=member.name)
            except ModelError as error:
                outcome["refused"] += 1
                assert all(any(words in issue.problem for words in PERMITTED) for issue in error.issues), str(error)
                assert all(issue.file == member.name and issue.repair for issue in error.issues)
                continue
            outcome["read"] += 1
            compatibility(model).text()
            check_units(model)
    assert outcome["read"] >= 1222
    assert outcome["refused"] <= 119
