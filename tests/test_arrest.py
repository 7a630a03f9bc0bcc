"""Complete cell-cycle arrest is the share of patients whose Ki-67 is at most what the library says, at any time and at the end."""

from typing import ClassVar

import numpy as np
import pytest

from serdsim.analysis import host_course
from serdsim.model.outputs import Arrest, Label, Recist


class Given:
    """Courses of three patients: one falls for good, one falls and comes back, one never falls."""

    values: ClassVar = {"ki67_percent": np.array([[20.0, 2.7, 1.0], [20.0, 2.0, 5.0], [20.0, 10.0, 2.8]])}
    times: ClassVar = np.array([0.0, 24.0, 48.0])


def test_shares_at_any_time_and_at_the_end():
    found = list(host_course._arrest(Arrest("arrest", "ki67_percent", 2.7), " (liver)", Given()))
    assert [(one.title, one.measure, one.unit) for one in found] == [
        ("arrest (liver)", "at any time", "%"),
        ("arrest (liver)", "at the end", "%"),
    ]
    assert [one.value for one in found] == pytest.approx([200.0 / 3.0, 100.0 / 3.0])


def test_nothing_at_the_start_is_neither_arrested_nor_a_response():
    class Nothing(Given):
        values: ClassVar = {"ki67_percent": np.array([[0.0, 0.0], [20.0, 10.0]]), "d": np.array([[0.0, 0.0], [20.0, 10.0]])}

    arrest, recist = Arrest("arrest", "ki67_percent", 2.7), Recist("d", -0.3, 0.2, 5.0, ("patient",))
    assert [one.value for one in host_course._arrest(arrest, "", Nothing())] == [0.0, 0.0]
    assert [one.value for one in host_course._response(recist, "d", Label("d", "d", "mm"), Nothing())] == [100.0, 100.0]
    Nothing.values = {id: values[:1] for id, values in Nothing.values.items()}
    assert not list(host_course._arrest(arrest, "", Nothing()))
    assert not list(host_course._response(recist, "d", Label("d", "d", "mm"), Nothing()))


def test_an_output_that_is_not_there_gives_nothing():
    assert not list(host_course._arrest(Arrest("arrest", "another", 2.7), "", Given()))
