"""The extension `serdsim` of PEtab 2: what it reads, what its terms score, and that every planted error is named."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats

from fit_cases import EXTENDED, ONE, TWO, extended, needs_petab, write
from serdsim.claims.evidence_rows import read_facts
from serdsim.cli import main
from serdsim.fit import Objective, ProblemError, check_problem, evaluate, read_problem
from serdsim.fit.second_opinion import second_opinion
from serdsim.fit.terms import fitted_rows
from serdsim.model.recipe import shipped_library

pytestmark = needs_petab
VALUES = {"k": 0.2, "factor": 2.0, "spread": 0.5}


def words_of(path: Path) -> list[str]:
    return [str(issue) for issue in check_problem(path).issues]


def test_terms_score_as_their_closed_forms(tmp_path: Path) -> None:
    found = evaluate(read_problem(extended(tmp_path)))
    a5, b5, b0 = 5.0 / math.e, 10.0 / math.e, 10.0
    assert found.failures == {}
    assert found.readings == pytest.approx({"a5": a5, "b5": b5, "b0": b0, "a1": 5.0 * math.exp(-0.2)}, rel=1e-6)
    middle, width = stats.norm(a5, 0.5), stats.norm(0.0, 0.5)
    expected = {
        "same": stats.norm(2.0 * a5, 0.5).logpdf(3.5),
        "ratio": stats.lognorm(0.5, scale=2.0).logpdf(2.2),
        "inside": math.log(middle.cdf(2.5) - middle.cdf(1.5)),
        "below": stats.norm(b5 - b0, 5.0).logcdf(0.0),
        "above": width.logsf(math.log(0.4) - math.log(0.5)),
    }
    assert dict(zip(found.terms["term"], found.terms["log_likelihood"], strict=True)) == pytest.approx(expected, rel=1e-6)
    measured = stats.norm(5.0 * math.exp(-0.2), 1.0).logpdf(4.0)
    assert found.log_likelihood == pytest.approx(measured + sum(expected.values()), rel=1e-6)
    assert found.terms["residual"].tolist()[2:] == [0.0, 0.0, 0.0]
    assert found.terms["residual"][0] == pytest.approx((3.5 - 2.0 * a5) / 0.5, rel=1e-5)
    # numbers worked out by hand: 5/e = 1.83940, (3.5 - 3.67879)/0.5 = -0.35759, ln 1.1 / 0.5 = 0.19062, Phi(1.32121) - Phi(-0.67879),
    # Phi(6.32121 / 5), Phi(ln 1.25 / 0.5)
    assert found.terms["log_likelihood"].tolist() == pytest.approx([-0.28973, -1.03242, -0.41832, -0.10878, -0.39704], abs=1e-5)


def test_what_the_extension_says_is_kept(tmp_path: Path) -> None:
    problem = read_problem(extended(tmp_path))
    calibrate = next(id for id, fact in read_facts().items() if fact.role == "calibrate")
    assert list(problem.readings) == ["a5", "b5", "b0", "a1"]
    assert [(one.lower, one.upper) for one in problem.terms.values()][2:] == [(1.5, 2.5), (-math.inf, 0.0), (0.4, math.inf)]
    assert problem.measurements[0].dataset == "blot"
    assert problem.sources["blot"].evidence == (calibrate,)
    assert problem.sources["gel"].title == "Another gel"
    assert fitted_rows(problem) == {calibrate}
    assert [one.transform for one in problem.rows.values()] == ["identity", "odds"]
    assert problem.rows["k"].name == f"parameters.tsv::{problem.rows['k'].id}"
    assert "5 terms" in problem.text()


def test_readings_change_nothing_else(tmp_path: Path) -> None:
    problem = read_problem(extended(tmp_path, measurements=("o a 1 4", "o a 6 4")))
    bare = replace(problem, readings={}, terms={}, sources={}, rows={})
    with_terms, without = (evaluate(one, {"k": 0.37}) for one in (problem, bare))
    assert with_terms.table.equals(without.table)
    assert with_terms.log_prior == without.log_prior
    assert without.terms.empty and not bare.extended


def test_a_reading_may_be_where_nothing_is_measured_and_at_rest(tmp_path: Path) -> None:
    path = extended(tmp_path, readings=("b5 o b 5", "b5 o c 6"), observables=("p drug*held 1", "p held*2 1"))
    assert evaluate(read_problem(path)).readings["b5"] == pytest.approx(10.0 / math.e, rel=1e-6)
    path = extended(tmp_path, readings=("b5 o b 5", "b5 o c inf"))
    assert evaluate(read_problem(path)).readings["b5"] == pytest.approx(0.0, abs=1e-9)


def test_a_failed_experiment_leaves_no_score(tmp_path: Path) -> None:
    problem = read_problem(extended(tmp_path, readings=("a1 o a 1", "a1 o a 1\nlost o b 7")))
    found = Objective(problem).at({"k": math.nan})
    assert found.failures
    assert math.isnan(found.log_likelihood) and math.isnan(found.readings["b5"]) and found.terms["log_likelihood"].isna().all()


def test_ids_of_the_problem_may_differ_in_the_extension_too(tmp_path: Path) -> None:
    path = extended(
        tmp_path,
        "mapping_files: [mapping.tsv]\n" + EXTENDED,
        parameters=("k ", "rate "),
        rows=("k ", "rate "),
        terms=("factor*a5", "rate*a5"),
    )
    (tmp_path / "mapping.tsv").write_text("petabEntityId\tmodelEntityId\nrate\tk\n")
    problem = read_problem(path)
    assert problem.rows["k"].parameter == "k"
    assert evaluate(problem).terms["simulation"][0] == pytest.approx(1.0 / math.e, rel=1e-6)


PLANTED = {
    "readings": [
        ("readingId", "reading", 'readings.tsv:1  the column "readingId" is missing'),
        ("readingId", "reading", 'readings.tsv:1  the column "reading" is unknown'),
        ("a5 o a", "a5 q a", 'readings.tsv:2  a5: there is no observable "q"'),
        ("a5 o a", "a5 p a", 'readings.tsv:2  a5: the observable "p" has placeholders'),
        ("b5 o b", "b5 o B", 'readings.tsv:3  b5: there is no experiment "B"'),
        ("b5 o b", "a5 o b", "readings.tsv:3  a5: the id is there twice"),
        ("b5 o b 5", "b5 o b -5", "readings.tsv:3  b5: the time is -5"),
        ("b5 o b 5", "b5 o b nan", 'readings.tsv:3  b5: "nan" in the column "time" is not a number'),
        ("b5 o b 5", "b5 o c 0.5", "readings.tsv:3  b5: the time 0.5 lies before the start"),
        ("a1 o", "factor o", "readings.tsv:5  factor: a parameter has the same id"),
    ],
    "terms": [
        ("termFormula", "formula", 'terms.tsv:1  the column "termFormula" is missing'),
        ("datasetId", "datasetId note", 'terms.tsv:1  the column "note" is unknown'),
        ("factor*a5", "factor*a6", 'terms.tsv:2  same: the formula reads "a6"'),
        ("factor*a5", "factor*drug", 'terms.tsv:2  same: the formula reads "drug"'),
        ("factor*a5", "factor*", 'terms.tsv:2  same: "factor*" in the column "termFormula" is no formula'),
        ("ratio", "same", "terms.tsv:3  same: the id is there twice"),
        ("3.5 3.5", "- -", "terms.tsv:2  same: the term has neither a lower nor an upper bound"),
        ("1.5 2.5", "2.5 1.5", "terms.tsv:4  inside: the lower bound 2.5 is above the upper bound 1.5"),
        ("1.5 2.5", "nan 2.5", 'terms.tsv:4  inside: "nan" in the column "lower" is not a number'),
        ("- 0 normal", "- inf normal", 'terms.tsv:5  below: "inf" in the column "upper" is not a number'),
        ("0.4 - log-normal", "0 - log-normal", "terms.tsv:6  above: the lower bound 0 has no logarithm"),
        ("2.2 2.2", "-2.2 2.2", "terms.tsv:3  ratio: the lower bound -2.2 has no logarithm"),
        ("normal 0.5", "laplace 0.5", 'terms.tsv:2  same: "laplace" in the column "noiseDistribution" is not supported'),
        ("normal 0.5", "normal 0", "terms.tsv:2  same: the noise 0 is no standard deviation"),
        ("normal 0.5", "normal -0.5", "terms.tsv:2  same: the noise -0.5 is no standard deviation"),
        ("normal 0.5", "normal a5", 'terms.tsv:2  same: the formula reads "a5"'),
        ("normal 0.5", "normal -", 'terms.tsv:2  same: the column "noiseFormula" is empty'),
        ("0.5 blot", "0.5 Blot", 'terms.tsv:2  same: there is no source for the data set "Blot"'),
        ("0.5 blot", "0.5 -", "terms.tsv:2  same: the term names no data set"),
    ],
    "sources": [
        ("gel -", "blot -", "sources.tsv:3  blot: the id is there twice"),
        ("gel -", "gels -", 'terms.tsv:3  ratio: there is no source for the data set "gel"'),
        ("gel -", "gels -", "sources.tsv:3  gels: no measurement and no term belongs to this data set"),
        ("title", "name", 'sources.tsv:1  the column "title" is missing'),
        ("{calibrate}", "Z999", 'sources.tsv:2  blot: there is no row of evidence.tsv "Z999"'),
    ],
    "rows": [
        ("k parameters", "kk parameters", 'rows.tsv:2  there is no parameter "kk"'),
        ("k parameters.tsv", "k parameter.tsv", 'rows.tsv:2  k: there is no table "parameter.tsv"'),
        ("{row}", "no_such_row", 'rows.tsv:2  k: there is no row "parameters.tsv::no_such_row"'),
        ("{share}", "{row}", 'rows.tsv:3  unused: the parameter "k" fills the row'),
        ("identity", "logit", 'rows.tsv:2  k: "logit" in the column "transform" is not supported'),
        ("unused", "k", "rows.tsv:3  k: the id is there twice"),
    ],
    "measurements": [
        ("- blot", "- -", "measurements.tsv:2  o: the measurement names no data set"),
        ("- blot", "- Blot", 'measurements.tsv:2  o: there is no source for the data set "Blot"'),
    ],
}  # fmt: skip
CASES = [(file, *case) for file, cases in PLANTED.items() for case in cases]


@pytest.mark.parametrize(("file", "old", "new", "words"), CASES, ids=[f"{file}-{words[-30:]}" for file, _, _, words in CASES])
def test_a_planted_error_of_the_extension_is_named(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    said = words_of(extended(tmp_path, **{file: (old, new)}))
    assert any(one.startswith(words) for one in said), said


def test_errors_of_reading_and_of_names_are_listed_together(tmp_path: Path) -> None:
    path = extended(
        tmp_path, readings=("b5 o b 5", "b5 q b five"), terms=("normal 0.5", "normal 0"), rows=("k p", "kk p"), sources=("gel", "gem")
    )
    assert [one.split(" ")[0] for one in words_of(path)] == ["readings.tsv:3", "readings.tsv:3", "rows.tsv:2", *[
        f"terms.tsv:{line}" for line in (2, 3, 4, 5, 6)
    ]]  # fmt: skip


@pytest.mark.parametrize("role", ["validate", "prior", "context", "gap"])
def test_a_row_that_may_not_be_fitted_stops_the_problem(tmp_path: Path, role: str, capsys: pytest.CaptureFixture[str]) -> None:
    held_out = next(id for id, fact in read_facts().items() if fact.role == role)
    path = extended(tmp_path, sources=("gel -", f"gel {{calibrate}};{held_out}"))
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    (issue,) = caught.value.issues
    assert (issue.file, issue.line, issue.id) == ("sources.tsv", 3, "gel")
    assert issue.problem == f'the row {held_out} of evidence.tsv has the role "{role}" and may not be fitted'
    assert issue.repair
    assert main(["check", str(path)]) == 2
    assert held_out in capsys.readouterr().out


def test_roles_are_those_of_the_library_that_is_given(tmp_path: Path) -> None:
    path = extended(tmp_path / "problem")
    (row,) = fitted_rows(read_problem(path))
    library = tmp_path / "library"
    library.mkdir()
    for name in ("evidence.tsv", "parameters.tsv"):
        shutil.copy(shipped_library() / name, library / name)
    lines = (library / "evidence.tsv").read_text().splitlines()
    lines = [line.replace("\tcalibrate\t", "\tvalidate\t") if line.startswith(f"{row}\t") else line for line in lines]
    (library / "evidence.tsv").write_text("\n".join(lines) + "\n")
    assert [issue.id for issue in check_problem(path, library).issues] == ["blot"]
    assert main(["check", str(path), "--library", str(library)]) == 2
    (library / "evidence.tsv").unlink()
    assert "the file is missing" in str(check_problem(path, library).issues[0])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("1.0.0\n    r", "2.0.0\n    r", 'the version "2.0.0" of the extension is not known'),
        ("1.0.0\n    r", "1.x\n    r", 'the version "1.x" of the extension is not known'),
        ("    required: true\n", "", "the extension does not say that it is required"),
        ("required: true", "required: false", "the extension does not say that it is required"),
        ("row_files", "rows_files", 'the config of the extension has no "rows_files"'),
        ("    required", "    extra: 1\n    required", 'the extension has no "extra"'),
        ("  serdsim:", "  other: {version: 1.0.0}\n  serdsim:", "other: the problem uses an extension"),
        ("rows.tsv", "row.tsv", "there is no such file"),
    ],
)
def test_only_our_own_extension_is_known(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert words_of(extended(tmp_path / "good", EXTENDED.replace("1.0.0\n    r", "1.3\n    r"))) == []
    assert old in EXTENDED
    assert any(words in one for one in words_of(extended(tmp_path / "bad", EXTENDED.replace(old, new))))


def test_version_one_has_no_extension(tmp_path: Path) -> None:
    yaml = ONE + EXTENDED[len(TWO) :]
    path = write(tmp_path, "x = 1; x' = -x", yaml)
    assert any("version 1 has no extensions" in one for one in words_of(path))


def test_petab_has_nothing_to_say_against_it(tmp_path: Path) -> None:
    path = extended(tmp_path, parameters=("\nunused 0.01 1 0.25 false", ""), rows=("\nunused parameters.tsv - {share} odds", ""))
    assert second_opinion(path, read_problem(path)) == []
    assert "Extraneous" in str(second_opinion(path)[0])
    assert main(["check", str(path)]) == 0
