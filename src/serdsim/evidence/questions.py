"""Questions: what a page asks, which statements answer it in which order, and which questions stand beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from serdsim.claims.claim import Claim
from serdsim.claims.evidence_rows import Fact
from serdsim.claims.read import MAIN, claim_files, read_claims
from serdsim.errors import ClaimError, Issue
from serdsim.references import Reference
from serdsim.yaml_file import Field, read_yaml

EVERY = "all"
SECTIONS = ("class_prior", "exposures", "ladder", "window", "changes", "map")
LONGEST = 18  # words of the sentence with which a short answer begins; what was found takes the other 17 of its 35
_FIELDS = ("id", "question", "answer_scope", "claims", "related")


@dataclass(frozen=True)
class Question:
    """A question with its page.

    `title` is the question itself, `scope` the sentence with which its short answer begins, `claims` the ids of its statements in the
    order of the page, `related` the questions beside it, `sections` what the page shows beside its statements.
    """

    id: str
    title: str
    scope: str
    claims: tuple[str, ...]
    related: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """A question that is asked: all its claims, and those that are wanted of them."""

    question: Question
    every: tuple[Claim, ...]
    claims: tuple[Claim, ...]
    beside: tuple[Question, ...]

    @property
    def whole(self) -> bool:
        """Whether all its statements are wanted."""
        return len(self.claims) == len(self.every)


def ask(
    library: Path, name: str, only: Sequence[str] | None, facts: Mapping[str, Fact], references: Mapping[str, Reference]
) -> tuple[Asked, ...]:
    """Return the questions of a name with their claims.

    Parameters
    ----------
    library : Path
    name : str
        A question, or "all".
    only : sequence of str or None
        Ids of single statements; the questions are then theirs, whatever `name` says.
    facts, references : mapping
        What claims are checked against.

    Raises
    ------
    ClaimError
        For an unknown question or statement, and for everything that is wrong in the files of what is asked.
    """
    if only is None:
        asked = [read_question(library, id) for id in (written(library) if name == EVERY else (name,))]
        pairs = [(question, claims := claims_of(question, library, facts, references), claims) for question in asked]
        return tuple(Asked(question, every, claims, beside(question, library)) for question, every, claims in pairs)
    wanted = _homes(library, only)
    found = []
    for id in dict.fromkeys(wanted.values()):
        question = read_question(library, id)
        known = {claim.statement.id: claim for claim in claims_of(question, library, facts, references)}
        claims = tuple(known[one] for one, home in wanted.items() if home == id)
        found.append(Asked(question, tuple(known.values()), claims, beside(question, library)))
    return tuple(found)


def statement_ids(library: Path) -> tuple[str, ...]:
    """Return the ids of the statements of all questions; no file is opened."""
    return tuple(path.stem for id in (MAIN, *_folders(library)) for path in claim_files(library, id))


def written(library: Path) -> tuple[str, ...]:
    """Return the questions that have a file and at least one statement: the main one, those beside it in its order, then all others."""
    known = [path.stem for path in sorted((library / "questions").glob("*.yaml")) if claim_files(library, path.stem)]
    first = [MAIN, *(read_question(library, MAIN).related if MAIN in known else ())]
    return tuple(dict.fromkeys(id for id in (*first, *known) if id in known))


def beside(question: Question, library: Path) -> tuple[Question, ...]:
    """Return the questions beside one that can be asked, the main one always; one whose statements are still to be written is left out."""
    known = written(library)
    others = dict.fromkeys((*(() if question.id == MAIN else (MAIN,)), *question.related))
    return tuple(read_question(library, id) for id in others if id in known)


def read_question(library: Path, id: str) -> Question:
    """Return the question of one file.

    Raises
    ------
    ClaimError
        For an unknown question, and for a malformed file.
    """
    folder = library / "questions"
    known = [path.stem for path in sorted(folder.glob("*.yaml"))]
    if id not in known:
        raise ClaimError(_unknown(id, known, library))
    expected = "a question with " + ", ".join(_FIELDS)
    record = read_yaml(folder / f"{id}.yaml", f"questions/{id}.yaml", ClaimError, expected)
    record.require(*_FIELDS)
    for name, field in record.items():
        if name not in (*_FIELDS, "sections"):
            raise field.wrong("the field is not known", "one of " + ", ".join((*_FIELDS, "sections")), "Correct its name or remove it")
    if record["id"].text() != id:
        raise record["id"].wrong(f'the file says "{record["id"].text()}"', id, f'Write "id: {id}", or rename the file')
    sections = record.get("sections")
    return Question(
        id,
        record["question"].text(),
        _scope(record["answer_scope"]),
        _once(record["claims"]),
        _related(record["related"], known),
        tuple(field.one_of(SECTIONS) for field in sections.each()) if sections else (),
    )


def claims_of(question: Question, library: Path, facts: Mapping[str, Fact], references: Mapping[str, Reference]) -> tuple[Claim, ...]:
    """Return the claims of a question in its order.

    Raises
    ------
    ClaimError
        For a claim that is listed and has no file, and for a file that the question does not list.
    """
    file, folder = f"questions/{question.id}.yaml", "claims" if question.id == MAIN else f"claims/{question.id}"
    there, every = [path.stem for path in claim_files(library, question.id)], statement_ids(library)
    issues = []
    for id in question.claims:
        if id not in there:
            near = ", ".join(get_close_matches(id, every)) or ", ".join(there) or "no file is there"
            repair = f"Write {folder}/{id}.yaml, or correct the id"
            issues.append(Issue(f'there is no statement "{id}"', file, None, "claims", f"a file of {folder}, such as {near}", repair))
    for id in there:
        if id not in question.claims:
            repair = f"Add {id} to the claims of {file}, or move the file to the folder of its question"
            issues.append(Issue("no question lists this statement", f"{folder}/{id}.yaml", None, id, f"its id in {file}", repair))
    if issues:
        raise ClaimError(issues)
    known = {claim.statement.id: claim for claim in read_claims(library, facts, references, question.id)}
    return tuple(known[id] for id in question.claims)


def _homes(library: Path, only: Sequence[str]) -> dict[str, str]:
    """Return for each statement that is wanted the question to which it belongs."""
    homes = {path.stem: id for id in (MAIN, *_folders(library)) for path in claim_files(library, id)}
    issues = [
        Issue(f'no statement is called "{id}"', expected="an id such as " + ", ".join(get_close_matches(id, homes, 3, 0.3) or homes))
        for id in only
        if id not in homes
    ]
    if issues or not only:
        raise ClaimError(issues or Issue("no statement is asked for", expected="ids such as MOA-01"))
    return {id: homes[id] for id in only}


def _folders(library: Path) -> tuple[str, ...]:
    return tuple(path.name for path in sorted((library / "claims").glob("*")) if path.is_dir())


def _unknown(id: str, known: Sequence[str], library: Path) -> Issue:
    if id in statement_ids(library):
        return Issue(f'"{id}" is a statement, not a question', expected=", ".join([*known, EVERY]), repair=f"Try: serdsim claim {id}")
    near = get_close_matches(id, [*known, EVERY], 3, 0.5)
    repair = "Did you mean " + " or ".join(near) + "?" if near else "serdsim moa alone answers the main question"
    return Issue(f'no question is called "{id}"', expected=", ".join([*known, EVERY]), repair=repair)


def _scope(field: Field) -> str:
    count = len(field.text().split())
    if count > LONGEST:
        expected = f"at most {LONGEST} words, since a short answer has 35 and says with the rest what was found"
        raise field.wrong(f"the sentence has {count} words", expected, "Shorten it; what else must be said belongs into the statements")
    return field.text()


def _related(field: Field, known: Sequence[str]) -> tuple[str, ...]:
    found = _once(field)
    for entry, id in zip(field.each(), found, strict=True):
        if id not in known:
            near = get_close_matches(id, known, 1)
            repair = f"Did you mean {near[0]}?" if near else "Write its file, or take it out"
            raise entry.wrong(f'there is no question "{id}"', "one of " + ", ".join(known), repair)
    return found


def _once(field: Field) -> tuple[str, ...]:
    found = field.texts()
    for i, entry in enumerate(field.each()):
        if found[i] in found[:i]:
            raise entry.wrong(f'"{found[i]}" is listed twice', "each once", "Remove one of the two")
    return found
