"""A fit on its page: every data set and every point, misfits by name, parameters beside priors, what stands behind them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from fit_cases import needs_petab
from fit_page_cases import answered, with_simulated
from report_cases import Words
from serdsim.fit.curves import curves
from serdsim.fit.data_sets import FAR, DataSet, Seen, courses, singles
from serdsim.fit.estimates import Estimate, estimates, together
from serdsim.fit.interval import Interval, Local
from serdsim.fit.prior import Prior
from serdsim.fit.problem import Problem, Quantity
from serdsim.fit.space import space_of
from serdsim.model.entities import Model
from serdsim.report.beside_figure import beside_panel, draw_beside
from serdsim.report.fit_figures import fit_figures
from serdsim.report.fit_words import figures, interval_words, observed_words, off_words, prior_words, signed, value_words

pytestmark = needs_petab
KINDS = ("plain", "extended")


@pytest.mark.parametrize("kind", KINDS)
def test_every_measurement_and_term_is_in_one_data_set_and_one_figure(kind: str) -> None:
    answer = answered(kind)
    problem = answer.fit.problem
    seen = [one for data in answer.sets for one in data.seen]
    assert sorted(one.row for one in seen if one.row >= 0) == list(range(len(problem.measurements)))
    assert [one.id for one in seen if one.row < 0] == list(problem.terms)
    for data in answer.sets:
        shown = [*(one for group in courses(data, problem) for one in group), *singles(data, problem)]
        assert sorted(map(id, shown)) == sorted(map(id, data.seen))
    table = answer.tables["measurements"]
    for one in (one for one in seen if one.row >= 0):
        assert (one.lower, one.upper, one.simulated) == (table["measurement"][one.row],) * 2 + (table["simulation"][one.row],)
        assert math.copysign(1.0, one.residual) == math.copysign(1.0, one.lower - one.simulated)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_lists_every_data_set_and_every_point(kind: str) -> None:
    answer = answered(kind)
    text = Words(answer.page).text
    for data in answer.sets:
        for one in data.seen:
            assert f"{one.name} {observed_words(one)} " in text, one.name
            assert off_words(one, 2) in text
    assert answer.page.count('<tr><th scope="row">') >= sum(len(data.seen) for data in answer.sets)
    drawn = len(answer.figures) - 2
    assert answer.page.count('<div class="set-f">') == drawn > 0
    marks = sum(svg.count('class="f-obs"') + svg.count('class="f-refmark"') for name, svg in answer.figures.items() if "starts" not in name)
    keys = sum(svg.count("<g transform") for name, svg in answer.figures.items() if "starts" not in name)
    assert marks >= sum(one.number for data in answer.sets for one in data.seen) and keys > 0


@pytest.mark.parametrize("kind", KINDS)
def test_links_lead_somewhere_and_nothing_is_loaded(kind: str) -> None:
    page = answered(kind).page
    seen = Words(page)
    assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids)) and seen.styles == 0
    assert all(link.startswith(("#", "https://doi.org/")) for link in seen.links)
    assert all(load.startswith(("#", "data:")) for load in seen.loads)


def test_misfits_are_counted_named_and_marked() -> None:
    answer = answered("extended")
    (data,) = (data for data in answer.sets if data.misfits)
    (off,) = data.misfits
    assert (off.id, off.experiment, off.time) == ("o", "b", math.inf) and data.worst is off and abs(off.residual) > FAR
    assert data.squares == pytest.approx(sum(one.residual**2 for one in data.seen))
    text = Words(answer.page).text
    assert f"Beyond 2 widths: o in b at rest ({signed(off.residual, 2)})" in text
    assert f"1 of {sum(len(data.seen) for data in answer.sets)} lies beyond 2 widths" in text
    drawings = [svg for name, svg in answer.figures.items() if "o in b at rest" in svg]
    assert len(drawings) == 1 and "f-refmark" in drawings[0] and "beyond 2 widths" in drawings[0]


def test_evidence_and_library_rows_are_cited_and_titles_are_text() -> None:
    answer = answered("extended")
    problem, page = answer.fit.problem, answer.page
    assert "&lt;i&gt;One blot&lt;/i&gt;" in page and "<i>One" not in page
    (row,) = problem.sources["blot"].evidence
    listed = re.search(rf"<li><code>{row}</code> (.*?)</li>", page)
    assert listed and re.search(r'<a href="#ref-\d+">[^<]+ (et al\. |and \w+ )?\d{4}</a>', listed[1])
    assert "No evidence row is named for it." in Words(page).text
    assert f"<code>{problem.rows['k'].name}</code>, grade " in page
    assert "Priors are assumptions" in Words(page).text
    plain = Words(answered("plain").page).text
    assert "evidence row" not in plain and "References" not in plain and "signal, low_dose" in plain


def test_curves_are_dense_and_go_through_what_the_scores_saw() -> None:
    answer = answered("plain")
    objective, problem = answer.fit.objective, answer.fit.problem
    groups = [group for data in answer.sets for group in courses(data, problem)]
    assert len(groups) == 2
    for group, curve in zip(groups, curves(objective, answer.fit.values, groups, objective.settings), strict=True):
        at = dict(zip(curve.times, curve.values, strict=True))
        assert len(at) > 100 and min(at) == 0.0 and max(at) > 8.0
        assert [at[one.time] for one in group] == pytest.approx([one.simulated for one in group], rel=1e-6)
        rate = answer.fit.values["elimination"]
        assert at[max(at)] == pytest.approx(at[0.0] * math.exp(-rate * max(at)), rel=1e-6)


def test_a_simulation_without_a_value_is_a_misfit_and_drawn_as_none() -> None:
    answer = with_simulated(answered("extended"), math.nan)
    data = answer.sets[0]
    assert data.worst is data.seen[0] and data.worst in data.misfits and signed(math.nan) == "no value"
    rows = [data.seen[0]]
    assert ": no value" in draw_beside(beside_panel("x", "X", rows), rows)
    drawn = fit_figures(answer.fit.objective, answer.fit.values, answer.sets)
    assert all(ElementTree.fromstring(one.svg) is not None for figures in drawn.values() for one in figures)


def test_a_row_lies_where_its_numbers_are() -> None:
    rows = [
        Seen("number", "", math.nan, 10.0, 10.0, 1.0, 0.5, 4.6, "log"),
        Seen("held", "", math.nan, 1.0, 10.0, math.sqrt(10.0), 0.2, 0.0, "log"),
        Seen("below", "", math.nan, -math.inf, 10.0, 100.0, 0.2, -11.0, "log"),
    ]
    panel = beside_panel("x", "X", rows)
    drawing = draw_beside(panel, rows)
    assert panel.x.log and "number: +4.6 widths" in drawing and "below: −11.0 widths" in drawing and "held:" not in drawing
    strokes = [float(x) for x in re.findall(r'd="M([\d.]+) [\d.]+V[\d.]+"', drawing)]
    (circle,) = (float(x) for x in re.findall(r'<circle[^>]*cx="([\d.]+)"', drawing.split("<g ")[0]))
    bars = [(float(a), float(b)) for a, b in re.findall(r'class="f-restt" d="M([\d.]+) [\d.]+H([\d.]+)V', drawing)]
    one, root, hundred = strokes
    assert bars[0] == pytest.approx((one, circle), abs=0.11) and root == pytest.approx((one + circle) / 2, abs=0.11)
    assert hundred - circle == pytest.approx(circle - one, abs=0.2) and bars[1] == pytest.approx((10.0, circle), abs=0.11)
    linear = [replace(rows[0], scale="lin", width=1.0)]
    assert not beside_panel("x", "X", linear).x.log and rows[0].noisy(10.0)[1] == pytest.approx(10.0 * math.exp(0.5))
    assert linear[0].noisy(10.0) == (9.0, 11.0) and replace(rows[0], scale="log10").noisy(1.0)[1] == pytest.approx(10.0**0.5)


def estimated(value: float, *, prior: Prior | None, lower: float = 0.01, upper: float = 100.0, bound: str = "") -> Estimate:
    problem = Problem("p", 2, Model("m"), parameters={"k": Quantity("k", 1.0, True, lower, upper, prior=prior)})
    interval = Interval("k", value, *((math.nan,) * 3 if bound else (0.5, 8.0, 1.0)), at_bound=bound)
    return estimates(problem, space_of(problem), Local((interval,), (), ("k",), np.eye(1)))[0]


def test_a_parameter_says_how_far_it_moved_from_its_prior() -> None:
    wide = Prior("log-normal", (math.log(2.0), 0.5))
    one = estimated(2.0 * math.exp(1.0), prior=wide, lower=1e-9, upper=1e9)
    assert one.moved == pytest.approx(2.0, abs=1e-6) and one.median == pytest.approx(2.0)
    assert (one.low, one.high) == pytest.approx((2.0 * math.exp(-0.5 * 1.959964), 2.0 * math.exp(0.5 * 1.959964)), rel=1e-5)
    assert prior_words(one) == "2.0 (0.75 to 5.3)" and value_words(one) == "5.44" and interval_words(one) == "0.50 to 8.0"
    flat = estimated(2.0, prior=None)
    assert math.isnan(flat.moved) and prior_words(flat) == "flat, 0.01 to 100"
    held = estimated(100.0, prior=None, bound="upper")
    assert interval_words(held) == held.note == "at its upper bound"
    assert (figures(0.304, 0.328), figures(0.2, 1.7), figures(math.nan, 1.0), figures(99.999, 100.0)) == (3, 2, 2, 6)


def test_pairs_that_move_together_are_named() -> None:
    covariance = np.array([[4.0, -3.9, 0.0], [-3.9, 4.0, 0.1], [0.0, 0.1, math.inf]])
    assert together(Local((), (), ("a", "b", "c"), covariance)) == [("a", "b", pytest.approx(-0.975))]


def test_words_of_what_was_observed() -> None:
    one = Seen("x", "e", 4.0, 1.0, 2.0, 1.5, 1.0, 0.0, "lin")
    assert (one.name, observed_words(one), off_words(one)) == ("x in e at 4", "1 to 2", "inside")
    assert observed_words(replace(one, lower=-math.inf)) == "at most 2" and observed_words(replace(one, upper=math.inf)) == "at least 1"
    assert off_words(replace(one, upper=1.0)) == "0.0" and signed(-0.001) == "0.00"
    assert DataSet("d", "D", (), (one, replace(one, residual=-3.0))).worst.residual == -3.0
