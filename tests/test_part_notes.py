"""What a part says in words is shown with it on the page and stands in the table of parts."""

from __future__ import annotations

from dataclasses import replace

from report_cases import Words, an_answer, page
from serdsim.evidence.tables import outcome_tables

NOTE = "smallest margin met by 90 % of the draws: 4.6-fold; inside 1/3 to 3 in 61 %"


def test_the_note_of_a_part_is_on_the_page_and_in_the_table() -> None:
    answer = an_answer()
    first = answer.outcomes[0]
    said = replace(first, parts=(*first.parts, replace(first.parts[0], id="margin", note=NOTE)))
    changed = replace(answer, outcomes=(said, *answer.outcomes[1:]))
    assert NOTE[0].upper() + NOTE[1:] in Words(page(changed)).text
    assert "Smallest margin" not in Words(page(answer)).text
    parts = outcome_tables(changed, [])["parts"].query("statement == 'MOA-01'")
    assert parts["note"].tolist() == ["", NOTE]
