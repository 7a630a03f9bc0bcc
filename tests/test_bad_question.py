"""A question that the library cannot answer is refused before anything runs."""

from __future__ import annotations

import pytest

from serdsim.errors import InputError, ModelError
from serdsim.evidence.answer import build_answer
from serdsim.model.library import load
from serdsim.simulation.prepared import prepare


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ({"drug": "fulvestrat"}, ('unknown drug "fulvestrat"', "Did you mean fulvestrant?")),
        ({"genotype": "E380K"}, ('unknown genotype "E380K"', "one of WT, Y537S, D538G", "Did you mean E380Q?")),
        ({"cell_line": "T47"}, ('unknown cell_line "T47"', "one of MCF7", "Did you mean T47D?")),
        ({"host": "mouse"}, ("cannot be selected by host", "drug, partner, genotype, cell_line")),
    ],
)
def test_a_selection_that_the_library_does_not_have_is_refused(select, words):
    with pytest.raises(InputError) as caught:
        load("cell", **select)
    assert all(word in str(caught.value) for word in words)


QUESTIONS = {
    "an unknown statement": ({"only": ["MOA-1"]}, 'no statement is called "MOA-1"', "MOA-1"),
    "no statement": ({"only": []}, "no statement is asked for", "MOA-01"),
    "no draws": ({"draws": 0}, "0 draws", "at least one draw"),
    "a negative number of draws": ({"draws": -3}, "-3 draws", "0 or more"),
    "a negative seed": ({"seed": -1}, "-1 cannot be a seed", "from 0 to"),
    "a date in words": ({"as_of": "yesterday"}, '"yesterday" is not a date', "2024-10-02"),
    "a date that does not exist": ({"as_of": "2024-02-31"}, '"2024-02-31" is not a date', "today"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_that_cannot_be_answered_is_refused(name):
    question, problem, expected = QUESTIONS[name]
    with pytest.raises(InputError) as caught:
        build_answer(**({"only": ["MOA-01"], "draws": 1} | question))
    assert problem in str(caught.value) and expected in str(caught.value)
    assert caught.value.exit_status == 2


def test_an_output_that_the_model_does_not_have_is_named_once():
    with pytest.raises(ModelError) as caught:
        prepare("cell", outputs=["er_totl", "er_totl"])
    (issue,) = caught.value.issues
    assert issue.id == "er_totl"
    near = str(issue.expected).split(", ")
    assert near[0] == "er_total" and len(near) == len(set(near))
    assert issue.repair == "Did you mean er_total?"
