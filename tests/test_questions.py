"""Questions: each file lists what lies in its folder, in its order; what does not fit is said with file, problem and repair."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from library_cases import copied, edit
from report_cases import Words, a_question, an_answer, page, references
from serdsim.claims.evidence_rows import read_facts
from serdsim.claims.read import claim_files
from serdsim.errors import ClaimError
from serdsim.evidence.answer import build_answer
from serdsim.evidence.questions import LONGEST, SECTIONS, ask, beside, read_question, statement_ids, written
from serdsim.model.recipe import shipped_library
from serdsim.references import read_references
from serdsim.report import view
from serdsim.report.answer import answer_moa
from serdsim.report.page import Related, render_page

LIBRARY = shipped_library()
OTHER = {
    "id": "receptor",
    "question": "Is the receptor removed?",
    "answer_scope": "The page is about the receptor alone.",
    "claims": ["REC-02", "REC-01"],
    "related": ["moa"],
}


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a library with one more question: its claims are those of MOA-12c and of one that nobody can test."""
    library = copied(tmp_path)
    shutil.rmtree(library / "questions")
    shutil.copytree(LIBRARY / "questions", library / "questions", ignore=lambda _, names: [name for name in names if name != "moa.yaml"])
    for folder in [path for path in (library / "claims").iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    ablations = yaml.safe_load((library / "ablations.yaml").read_text(encoding="utf-8"))
    for one in ablations:
        one["restates"] = {id: why for id, why in one["restates"].items() if id.startswith("MOA")}
    (library / "ablations.yaml").write_text(yaml.safe_dump(ablations, allow_unicode=True, sort_keys=False), encoding="utf-8")
    folder = library / "claims" / "receptor"
    folder.mkdir()
    for id, like in (("REC-01", "MOA-12c"), ("REC-02", "MOA-02b")):
        record = yaml.safe_load((library / "claims" / f"{like}.yaml").read_text(encoding="utf-8"))
        (folder / f"{id}.yaml").write_text(yaml.safe_dump(record | {"id": id}, allow_unicode=True), encoding="utf-8")
    put(library)
    path = library / "questions" / "moa.yaml"
    record = yaml.safe_load(path.read_text(encoding="utf-8")) | {"related": ["receptor"]}
    path.write_text(yaml.safe_dump(record), encoding="utf-8")
    return library


def put(library: Path, **changes: object) -> None:
    (library / "questions" / "receptor.yaml").write_text(yaml.safe_dump(OTHER | changes), encoding="utf-8")


def asked(library: Path, name: str, only: list[str] | None = None):
    known = read_references(library / "references.bib")
    return ask(library, name, only, read_facts(library, known), known)


def test_the_shipped_questions_hold_every_claim_file_once_and_begin_with_the_main_one() -> None:
    ids = written(LIBRARY)
    assert ids[0] == "moa"
    questions = [read_question(LIBRARY, id) for id in ids]
    listed = [claim for question in questions for claim in question.claims]
    assert sorted(listed) == sorted(statement_ids(LIBRARY)) and len(set(listed)) == len(listed)
    for question in questions:
        assert list(question.claims) == [id for id in question.claims if id in {path.stem for path in claim_files(LIBRARY, question.id)}]
        assert question.title.endswith("?") and question.scope.endswith(".") and set(question.sections) <= set(SECTIONS)


def test_claims_come_in_the_order_of_the_question_and_single_ones_from_any_question(library: Path) -> None:
    (found,) = asked(library, "receptor")
    assert [claim.statement.id for claim in found.claims] == ["REC-02", "REC-01"] and found.whole
    assert [one.id for one in found.beside] == ["moa"]
    both = asked(library, "moa", ["REC-01", "MOA-02b"])
    assert [(one.question.id, [claim.statement.id for claim in one.claims], one.whole) for one in both] == [
        ("receptor", ["REC-01"], False),
        ("moa", ["MOA-02b"], False),
    ]
    assert [one.question.id for one in asked(library, "all")] == ["moa", "receptor"]


def test_a_question_without_a_statement_is_left_out_everywhere(library: Path) -> None:
    shutil.rmtree(library / "claims" / "receptor")
    assert written(library) == ("moa",) and beside(read_question(library, "moa"), library) == ()
    with pytest.raises(ClaimError, match='there is no statement "REC-02"'):
        asked(library, "receptor")


WRONG = {
    "a claim without a file": ({"claims": ["REC-01", "REC-02", "REC-03"]}, 'there is no statement "REC-03"', "REC-01"),
    "a claim of another question": ({"claims": ["REC-01", "REC-02", "MOA-01"]}, 'there is no statement "MOA-01"', "claims/receptor"),
    "a file that nobody lists": ({"claims": ["REC-01"]}, "no question lists this statement", "questions/receptor.yaml"),
    "another slug than its file": ({"id": "receptors"}, 'the file says "receptors"', "receptor"),
    "a claim that is listed twice": ({"claims": ["REC-01", "REC-02", "REC-01"]}, '"REC-01" is listed twice', "each once"),
    "a related question without a file": ({"related": ["mao"]}, 'there is no question "mao"', "Did you mean moa?"),
    "a section that no page has": ({"sections": ["ladders"]}, '"ladders" is not known', '"ladder"'),
    "a field that no question has": ({"answer": "yes"}, "the field is not known", "answer_scope"),
    "a sentence that is too long": ({"answer_scope": " ".join(["long"] * (LONGEST + 1))}, "19 words", "at most 18"),
    "claims that are no list": ({"claims": "REC-01"}, "this is", "a list"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_question_is_said(library: Path, name: str) -> None:
    changes, problem, expected = WRONG[name]
    put(library, **changes)
    with pytest.raises(ClaimError) as caught:
        asked(library, "receptor")
    assert problem in str(caught.value) and expected in str(caught.value) and "receptor" in str(caught.value)


@pytest.mark.parametrize(("name", "near"), [("receptr", "receptor"), ("REC-01", "serdsim claim REC-01"), ("al", "all")])
def test_an_unknown_question_names_its_neighbours(library: Path, name: str, near: str) -> None:
    with pytest.raises(ClaimError, match=near):
        asked(library, name)


def test_a_statement_that_no_question_has_is_refused_with_near_ones(library: Path) -> None:
    with pytest.raises(ClaimError, match="REC-01"):
        asked(library, "moa", ["REC-1"])


def test_the_id_of_a_run_of_one_question_does_not_know_the_others(library: Path) -> None:
    one = build_answer(library=library, draws=1, only=["MOA-02b"])
    put(library, claims=["REC-01"])
    (library / "claims" / "receptor" / "REC-02.yaml").unlink()
    assert build_answer(library=library, draws=1, only=["MOA-02b"]).answer.run == one.answer.run
    other = build_answer("receptor", library=library, draws=1)
    assert other.answer.run != one.answer.run and other.record["question"] == "receptor"
    assert other.answer.replay.startswith("serdsim moa receptor ")


def test_a_page_of_a_related_question_speaks_of_it_and_of_nothing_of_the_main_one(library: Path) -> None:
    done = answer_moa("receptor", library=library, draws=2, workers=1)
    words = Words(done.page)
    assert OTHER["question"] in words.text and "mechanism of action of imlunestrant? serdsim moa moa" in words.text
    assert not {"exposures", "ladder", "window", "changes", "class-prior"} & set(words.ids) and done.map is None and not done.more
    assert {"REC-01", "REC-02"} <= set(words.ids) and "MOA-01" not in words.ids
    answer = done.answer
    assert view.short_answer(answer, read_question(library, "receptor")).startswith(OTHER["answer_scope"])
    linked = {link for link in words.links if not link.startswith(("#", "https://doi.org/"))}
    assert linked == {"parameters.html"} and "report.html#REC-01" in done.parameters


def test_related_questions_are_linked_where_the_run_has_their_page_and_else_name_their_command() -> None:
    related = (Related("Where is it?", "where.html", "serdsim moa where"), Related("When is it?", None, "serdsim moa when"))
    words = Words(render_page(an_answer(), references(), (), question=a_question(), related=related))
    assert "where.html" in words.links and "serdsim moa when" in words.text and "serdsim moa where" not in words.text
    assert "None is written yet" in Words(page()).text
    assert len(view.short_answer(an_answer(), a_question(scope=" ".join(["word"] * LONGEST))).split()) == 35


def test_all_questions_are_one_run_with_a_page_each_that_link_each_other(library: Path) -> None:
    for path in claim_files(library):
        if path.stem not in ("MOA-02b", "MOA-09"):
            path.unlink()
    (library / "ablations.yaml").write_text("[]", encoding="utf-8")
    (library / "map.yaml").unlink()
    record = yaml.safe_load((library / "questions" / "moa.yaml").read_text(encoding="utf-8"))
    record |= {"claims": ["MOA-09", "MOA-02b"], "sections": []}
    (library / "questions" / "moa.yaml").write_text(yaml.safe_dump(record), encoding="utf-8")
    edit(library, "claims/receptor/REC-01.yaml", "named_ablation: nuclear_retention_off", "named_ablation: null")
    done = answer_moa("all", library=library, draws=2, workers=1)
    assert [title for title, _ in done.parts] == [record["question"], OTHER["question"]] and list(done.more) == ["receptor.html"]
    assert [outcome.statement.id for outcome in done.answer.outcomes] == ["MOA-09", "MOA-02b", "REC-02", "REC-01"]
    main, other = Words(done.page), Words(done.more["receptor.html"])
    assert "receptor.html" in main.links and main.ids.count("MOA-09") == 1 and "REC-01" not in main.ids
    assert other.links.count("report.html") == 2 and "REC-01" in other.ids and "MOA-09" not in other.ids  # above the title, and related
    assert "serdsim moa receptor" not in main.text and done.answer.replay.startswith("serdsim moa all ")
    assert "receptor.html#REC-01" in done.parameters and "report.html#REC-01" not in done.parameters
    assert done.record["question"] == "all" and set(done.tables["statements"]["id"]) == {"MOA-09", "MOA-02b", "REC-01", "REC-02"}
