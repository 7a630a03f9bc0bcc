"""Every planted error of a problem is listed with its file and line, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fit_cases import EXAMPLE, MEASUREMENTS_ONE, OBSERVABLES_ONE, ONE, PARAMETERS_ONE, example, needs_petab, write
from serdsim.cli import main
from serdsim.fit import ProblemError, check_problem, read_problem
from serdsim.fit.second_opinion import second_opinion

pytestmark = needs_petab
PLANTED = {
    "parameters": [
        ("0.001\t10", "x\t10", 'parameters.tsv:2  elimination: "x" in the column "lowerBound" is not a number'),
        ("0.001\t10", "\t10", "parameters.tsv:2  elimination: an estimated parameter has no bounds"),
        ("0.001\t10", "11\t10", "parameters.tsv:2  elimination: the lower bound 11 is not below the upper bound 10"),
        ("nominalValue", "value", 'parameters.tsv:1  the column "nominalValue" is missing'),
        ("scaling", "elimination", "parameters.tsv:3  elimination: the id is there twice"),
        ("scaling", "scale", 'observables.tsv:2  signal: the formula reads "scaling", which nothing defines'),
        ("scaling", "(x)", "parameters.tsv:3  (x): this is no id"),
        ("scaling", "time", "parameters.tsv:3  time: this is no id"),
        ("width", "drug", "parameters.tsv:4  drug: only parameters may be in the parameter table"),
        ("2\ttrue", "2\tyes", 'parameters.tsv:3  scaling: "yes" in the column "estimate" is not supported'),
    ],
    "conditions": [
        ("drug\t10\n", "drag\t10\n", 'conditions.tsv:2  low: the model has no "drag"'),
        ("drug\t10\n", "drug\t10+\n", 'conditions.tsv:2  low: "10+" in the column "targetValue" is no formula of PEtab'),
        ("drug\t10\n", "drug\tdose\n", 'conditions.tsv:2  low: the formula reads "dose", which nothing defines'),
        ("high\tdrug", "low\tdrug", 'conditions.tsv:3  low: the condition sets "drug" twice'),
    ],
    "experiments": [
        ("0\tlow", "0\tlo", 'experiments.tsv:2  low_dose: there is no condition "lo"'),
        ("0\tlow", "inf\tlow", "experiments.tsv:2  low_dose: a period begins at infinity"),
        ("0\tlow", "1\tlow", "measurements.tsv:2  signal: the time 0 lies before the start of the experiment"),
    ],
    "observables": [
        ("log-normal", "poisson", 'observables.tsv:2  signal: "poisson" in the column "noiseDistribution" is not supported'),
        ("scaling * drug", "scaling * drugs", 'observables.tsv:2  signal: the formula reads "drugs", which nothing defines'),
    ],
    "measurements": [
        ("signal\t", "signals\t", 'measurements.tsv:2  there is no observable "signals"'),
        ("low_dose", "lowdose", 'measurements.tsv:2  signal: there is no experiment "lowdose"'),
        ("21.2", "-21.2", "measurements.tsv:2  signal: the measurement -21.2 has no logarithm"),
        ("21.2", "21,2", 'measurements.tsv:2  signal: "21,2" in the column "measurement" is not a number'),
        ("21.2", "21.2\t5", "measurements.tsv:2  the row has 5 cells"),
    ],
    "problem": [
        ("2.0.0", "3.0.0", "problem.yaml  the file is not a PEtab problem that we know"),
        ("sbml", "pysb", 'problem.yaml  decay: the model is written in the language "pysb"'),
        ("2.0.0", "2.0.0\nextensions: {sciml: {}}", "problem.yaml  sciml: the problem uses an extension"),
        ("measurements.tsv", "measured.tsv", "measured.tsv  there is no such file"),
        ("model_files:", "model_files: [", "problem.yaml:4  the file is not YAML"),
        ("[parameters.tsv]", "[]", 'problem.yaml  the problem names no file under "parameter_files"'),
        ("  decay:", "  other: {language: sbml, location: model.xml}\n  decay:", "problem.yaml  the problem has 2 models"),
    ],
    "model": [("</model>", "", "model.xml")],
}
CASES = [(file, *case) for file, cases in PLANTED.items() for case in cases]


@pytest.mark.parametrize(("file", "old", "new", "words"), CASES, ids=[f"{file}-{words[-30:]}" for file, _, _, words in CASES])
def test_a_planted_error_is_named(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    linted = check_problem(example(tmp_path, **{file: (old, new)}))
    assert linted.problem is None
    assert any(str(issue).startswith(words) for issue in linted.issues), "\n".join(map(str, linted.issues))


def test_all_issues_are_listed_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = example(tmp_path, conditions=("drug", "drag"), measurements=("low_dose", "lowdose"), observables=("width", "wide"))
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().out
    assert "problem.yaml cannot be used; it has 3 issues:" in said
    assert 'Perhaps you mean "low_dose"' in said
    assert [line.split()[1] for line in said.splitlines() if line.startswith("- ")] == [
        "conditions.tsv:2",
        "measurements.tsv:2",
        "observables.tsv:2",
    ]
    with pytest.raises(ProblemError) as caught:
        read_problem(path)
    assert len(caught.value.issues) == 3


def test_the_shipped_example_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(EXAMPLE / "problem.yaml")]) == 0
    assert "Problem decay (PEtab 2): 10 measurements, 1 observable, 2 experiments" in capsys.readouterr().out


def test_a_missing_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path / "none.yaml")]) == 2
    assert "there is no such file" in capsys.readouterr().out


def one(folder: Path, **tables: str) -> Path:
    usual = {
        "parameters": f"{PARAMETERS_ONE}\nk lin 0 1 0.5 1",
        "conditions": "conditionId\nc",
        "observables": f"{OBSERVABLES_ONE}\no x noiseParameter1_o lin normal",
        "measurements": f"{MEASUREMENTS_ONE}\no - c 0 1 - 0.5",
    }
    return write(folder, "x = 2; k = 0.5; y = a; a = k; x' = -k * x", ONE, **{**usual, **tables})


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        (
            {"parameters": f"{PARAMETERS_ONE} objectivePriorType\nk lin 0 1 0.5 1 normal"},
            '"" are no parameters of the prior "normal"',
        ),
        ({"parameters": f"{PARAMETERS_ONE}\nk log10 0 1 0.5 1"}, "the lower bound 0 has no logarithm"),
        ({"measurements": f"{MEASUREMENTS_ONE}\no - c 0 1 - 0.5;1"}, 'the column "noiseParameters" gives 2 values; expected 1'),
        ({"measurements": f"{MEASUREMENTS_ONE}\no - c 0 1 3 0.5"}, 'the column "observableParameters" gives 1 values; expected none'),
        ({"measurements": f"{MEASUREMENTS_ONE}\no - c -1 1 - 0.5"}, "the time is -1"),
        ({"measurements": f"{MEASUREMENTS_ONE}\no - d 0 1 - 0.5"}, 'there is no condition "d"'),
        ({"measurements": f"{MEASUREMENTS_ONE}\no - c 0 1 - sd"}, 'the formula reads "sd", which nothing defines'),
        ({"conditions": "conditionId x\nc y"}, 'the first condition of experiment "c" reads "y", which has no value before the start'),
    ],
)
def test_an_error_of_version_one_is_named(tmp_path: Path, tables: dict[str, str], words: str) -> None:
    assert check_problem(one(tmp_path / "good")).issues == ()
    issues = check_problem(one(tmp_path / "bad", **tables)).issues
    assert any(words in str(issue) and issue.line for issue in issues), issues


def test_petab_itself_is_asked_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert second_opinion(EXAMPLE / "problem.yaml") == second_opinion(one(tmp_path / "one")) == []
    path = example(tmp_path / "two", parameters=("width", "unused\t0\t1\t1\ttrue\nwidth"))
    assert check_problem(path).issues == ()
    assert main(["check", str(path)]) == 2
    assert "petab says:" in capsys.readouterr().out
    path = one(tmp_path / "three", parameters=f"{PARAMETERS_ONE}\nk lin 0 1 0.5 1\nunused lin 0 1 0.5 1")
    assert any("unused" in str(issue) for issue in second_opinion(path))
