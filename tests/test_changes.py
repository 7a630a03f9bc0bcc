"""What the last change of the numbers did to the verdicts is read from the library and shown on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from library_cases import copied, set_cell
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import read_claims
from serdsim.errors import InputError
from serdsim.evidence.changes import Change, Changes, read_changes
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report.page import environment


def shown(changes: Changes) -> str:
    return environment().get_template("changes.html.j2").render(changes=changes)


def test_the_shipped_table_holds_every_statement_that_was_tested_before_with_shares_that_draws_can_give() -> None:
    """A statement that was not tested when the numbers changed has no verdict before; those on cells were."""
    changes = read_changes(library := shipped_library())
    assert changes is not None
    references = read_references(library / "references.bib")
    claims = read_claims(library, read_facts(library, references), references)
    tested = [claim.statement.id for claim in claims if claim.experiment]
    rows = [row.statement for row in changes.rows]
    assert rows == [id for id in tested if id in rows]
    on_cells = [claim for claim in claims if claim.experiments and all(one.model == "cell" for one in claim.experiments)]
    assert {claim.statement.id for claim in on_cells} <= set(rows)
    for row in changes.rows:
        assert (row.p_before * changes.draws).is_integer() and (row.p_after * changes.draws).is_integer()
        assert f'href="#{row.statement}"' in shown(changes) or row.statement in shown(changes)


def test_the_sentence_names_what_changed_and_nothing_else() -> None:
    rows = (Change("MOA-01", "inconclusive", 0.5, "supported", 0.98), Change("MOA-02a", "inconclusive", 0.5, "inconclusive", 0.4))
    changes = Changes("numbers moved", "2026-11-22", 64, 1, rows)
    assert changes.finding == "On 2026-11-22 numbers moved; 1 of 2 verdicts changed: MOA-01 from inconclusive to supported."
    assert "<b>supported</b>" in shown(changes) and "<b>inconclusive</b>" not in shown(changes)
    assert "With 64 draws a P(pass) of 0.05 or 0.95 is uncertain by 0.04 (90 %)" in shown(changes)  # 1.645 * sqrt(0.0475 / 64)
    assert Changes("numbers moved", "2026-11-22", 64, 1, rows[1:]).finding.endswith("none of 1 verdicts changed.")


def test_a_library_without_the_table_tells_of_no_change(tmp_path: Path) -> None:
    library = copied(tmp_path)
    (library / "changed_verdicts.tsv").unlink()
    assert read_changes(library) is None


def test_an_unknown_verdict_is_an_error_with_its_line(tmp_path: Path) -> None:
    library = copied(tmp_path)
    line = set_cell(library, "changed_verdicts.tsv", ("MOA-01",), "after", "proved")
    with pytest.raises(InputError, match=rf"changed_verdicts.tsv:{line}"):
        read_changes(library)
