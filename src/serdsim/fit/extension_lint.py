"""What is wrong with the extension of a problem: names that nothing has, and rows that may not be fitted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from serdsim.claims.evidence_rows import Fact, read_facts
from serdsim.errors import InputError, Issue
from serdsim.fit.problem import Filled, Problem, Readout, Term
from serdsim.fit.version_two import UNNAMED
from serdsim.model.entities import Place
from serdsim.model.expression import symbols
from serdsim.model.library_rows import rows_of
from serdsim.model.recipe import shipped_library

FITTED = "calibrate"  # the only role that a fit may read
TABLES = {
    "parameters.tsv": None,
    "drugs.tsv": "drug",
    "genotypes.tsv": "genotype",
    "cell_lines.tsv": "cell_line",
    "hosts.tsv": "host",
    "tissue.tsv": "drug",
    "pk_human.tsv": "drug",
    "pk_mouse.tsv": "drug",
}


def lint_extension(problem: Problem, library: Path | None, whole: bool) -> list[Issue]:
    """Return every issue of the extension; where tables could not be read, not `whole`, nothing is missed in an empty one."""
    if not problem.extended:
        return []
    return [
        *_readings(problem, whole),
        *_terms(problem, whole),
        *_sources(problem, whole),
        *_roles(problem, library),
        *_rows(problem, library),
    ]


def _lost(what: str, id: str, known: Iterable[str], place: Place, owner: str | None) -> Issue:
    near = get_close_matches(id, [one for one in known if one], 1)
    repair = f'Perhaps you mean "{near[0]}"' if near else "Correct the name, or add the row that is missing"
    return Issue(f'there is no {what} "{id}"', place.file, place.line, owner, None, repair)


def _readings(problem: Problem, whole: bool) -> Iterator[Issue]:
    for id, one in problem.readings.items():
        place = one.place
        if id in problem.parameters:
            yield Issue("a parameter has the same id", place.file, place.line, id, repair="Rename the reading")
        observable = problem.observables.get(one.observable)
        if observable is None and (problem.observables or whole):
            yield _lost("observable", one.observable, problem.observables, place, id)
        elif observable is not None and observable.placeholders:
            words = f'the observable "{one.observable}" has placeholders, which only measurements fill'
            yield Issue(words, place.file, place.line, id, "an observable without placeholders")
        yield from _when(problem, one, whole)


def _when(problem: Problem, one: Readout, whole: bool) -> Iterator[Issue]:
    experiment = problem.experiments.get(one.experiment)
    if experiment is None:
        if set(problem.experiments) - {UNNAMED} or whole:
            yield _lost("experiment", one.experiment, problem.experiments, one.place, one.id)
    elif one.time < experiment.start:
        words = f"the time {one.time:g} lies before the start of the experiment"
        yield Issue(words, one.place.file, one.place.line, one.id, f"{experiment.start:g} or later")


def _terms(problem: Problem, whole: bool) -> Iterator[Issue]:
    for id, one in problem.terms.items():
        if problem.readings or whole:
            yield from _names(one, {*problem.readings, *problem.parameters}, one.formula, "a reading or a parameter of the problem")
        yield from _names(one, set(problem.parameters), one.noise.formula, "a parameter of the problem")
        if not one.dataset:
            yield Issue("the term names no data set", one.place.file, one.place.line, id, "a datasetId of the table of sources")


def _names(term: Term, known: set[str], formula: object, expected: str) -> Iterator[Issue]:
    for name in sorted(symbols(formula) - known):  # type: ignore[arg-type]
        near = get_close_matches(name, sorted(known), 1)
        repair = f'Perhaps you mean "{near[0]}"' if near else "Correct the name"
        yield Issue(f'the formula reads "{name}"', term.place.file, term.place.line, term.id, expected, repair)


def _sources(problem: Problem, whole: bool) -> Iterator[Issue]:
    held = [(one.dataset, one.place, one.observable) for one in problem.measurements]
    held += [(one.dataset, one.place, one.id) for one in problem.terms.values() if one.dataset]
    for dataset, place, owner in held:
        if not dataset:
            words = "the measurement names no data set, so that nobody can tell whether it may be fitted"
            yield Issue(words, place.file, place.line, owner, "a datasetId of the table of sources")
        elif dataset not in problem.sources and (problem.sources or whole):
            yield _lost("source for the data set", dataset, problem.sources, place, owner)
    used = {dataset for dataset, _, _ in held}
    for id, one in problem.sources.items():
        if id not in used and whole:
            words = "no measurement and no term belongs to this data set"
            yield Issue(words, one.place.file, one.place.line, id, repair="Remove the row, or name the data set where it is measured")


def _roles(problem: Problem, library: Path | None) -> Iterator[Issue]:
    """Yield what no fit may read: rows that the evidence table does not have, and those that have another role."""
    if not any(one.evidence for one in problem.sources.values()):
        return
    try:
        facts = read_facts(library)
    except InputError as error:
        yield from error.issues
        return
    for id, one in problem.sources.items():
        for row in one.evidence:
            yield from _role(id, row, facts, one.place)


def _role(dataset: str, row: str, facts: Mapping[str, Fact], place: Place) -> Iterator[Issue]:
    if row not in facts:
        yield _lost("row of evidence.tsv", row, facts, place, dataset)
    elif facts[row].role != FITTED:
        words = f'the row {row} of evidence.tsv has the role "{facts[row].role}" and may not be fitted'
        repair = "Take the row, and the data that it stands for, out of the problem"
        yield Issue(words, place.file, place.line, dataset, f'rows of the role "{FITTED}"', repair)


def _rows(problem: Problem, library: Path | None) -> Iterator[Issue]:
    first: dict[str, Filled] = {}
    for id, one in problem.rows.items():
        place = one.place
        if id not in problem.parameters:
            yield _lost("parameter", id, problem.parameters, place, None)
        if one.name in first:
            words = f'the parameter "{first[one.name].parameter}" fills the row {one.name} already'
            yield Issue(words, place.file, place.line, id, "one parameter for each row")
        first.setdefault(one.name, one)
        if one.table not in TABLES:
            yield _lost("table", one.table, TABLES, place, id)
        else:
            yield from _in_table(one, (library or shipped_library()) / one.table, TABLES[one.table])


def _in_table(one: Filled, path: Path, key: str | None) -> Iterator[Issue]:
    try:
        rows = rows_of(path, key)
    except InputError as error:
        yield from error.issues
        return
    names = {f"{one.table}:{row.text(key) if key else ''}:{row.text('id')}" for row in rows}
    if one.name not in names:
        yield _lost("row", one.name, names, one.place, one.parameter)
