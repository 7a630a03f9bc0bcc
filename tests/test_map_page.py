"""The page of the pathway map: it stands alone, says all in words, and links every line."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest

from map_cases import answer, map_page, played
from report_cases import Words, a_question, an_answer, page, references, statement
from serdsim.claims.records import Outcome
from serdsim.evidence.map_file import FORMS, Point
from serdsim.report.map_drawing import draw_map, link
from serdsim.report.map_lines import FAINTEST, crossings, opacity, segments
from serdsim.report.map_page import render_map
from serdsim.report.page import render_page

SVG = "{http://www.w3.org/2000/svg}"


def drawing(form: str, frame: int = 0) -> ET.Element:
    return ET.fromstring(draw_map(played().shown(), played().references, form, frame))


def test_the_same_run_gives_the_same_bytes() -> None:
    assert render_map(played().shown(), played().references, answer()) == map_page()
    assert draw_map(played().shown(), played().references, "tall", 3) == draw_map(played().shown(), played().references, "tall", 3)


def test_the_page_asks_the_network_for_nothing_and_is_light() -> None:
    text = map_page()
    seen = Words(text)
    assert all(load.startswith(("#", "data:")) for load in seen.loads)
    assert all(one in ("report.html", "parameters.html") or one.startswith(("#", "https://doi.org/")) for one in seen.links)
    assert seen.styles == 0, "style attributes are refused by the policy"
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and "default-src &#39;none&#39;" in policy.group(1) and "unsafe" not in policy.group(1)
    assert len(text.encode()) < 700_000


def test_no_dead_anchor_and_no_double_id() -> None:
    seen = Words(map_page())
    assert {one[1:] for one in seen.links if one.startswith("#")} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    clips = set(re.findall(r"url\(#([\w-]+)\)", map_page().split("</style>")[-1]))
    assert clips <= set(seen.ids)


@pytest.mark.parametrize("form", FORMS)
def test_a_drawing_has_title_description_and_a_name_for_every_part(form: str) -> None:
    root = drawing(form)
    heads = {child.tag: child for child in root}
    assert root.get("aria-labelledby") == f"{heads[SVG + 'title'].get('id')} {heads[SVG + 'desc'].get('id')}"
    assert all((heads[SVG + tag].text or "").strip() for tag in ("title", "desc"))
    links = list(root.iter(f"{SVG}a"))
    assert len(links) == len(played().map.edges)
    for one in links:
        assert (one.findtext(f"{SVG}title") or "").strip()
        assert re.match(r"https://doi\.org/10\.|#ref-", one.get("href") or "")
    named = [one for one in root.iter(f"{SVG}g") if one.get("role") == "img"]
    assert len(named) == len(played().map.nodes)
    assert all(one.get("aria-label") for one in named)


def test_a_line_leads_to_a_verified_doi_or_to_the_list() -> None:
    known = played().references
    for edge in played().map.edges:
        target = link(edge, known)
        dois = {f"https://doi.org/{known[key].doi}" for key in edge.references if known[key].doi and "recalled" not in known[key].note}
        assert target in dois if dois else target == f"#ref-{edge.references[0]}"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("frame", [0, 5, -1])
def test_shapes_are_filled_to_their_level_and_lines_never_vanish(form: str, frame: int) -> None:
    shown, root = played().shown(), drawing(form, frame)
    for rect in (one for one in root.iter(f"{SVG}rect") if one.get("data-l")):
        level, height = float(shown.levels[rect.get("data-l", "")][frame]), float(rect.get("data-h", "0"))
        assert float(rect.get("height", "0")) == pytest.approx(height * level, abs=0.06)
        assert float(rect.get("y", "0")) + float(rect.get("height", "0")) == pytest.approx(float(rect.get("data-y", "0")), abs=0.11)
    strengths = {one.get("data-e", ""): float(one.find(f"{SVG}g").get("opacity", "0")) for one in root.iter(f"{SVG}a")}  # type: ignore[union-attr]
    assert all(FAINTEST <= strength <= 1 for strength in strengths.values())
    assert strengths["shuttle_drug"] == pytest.approx(opacity(float(shown.flows["shuttle_drug"][frame])), abs=0.006)


@pytest.mark.parametrize("form", FORMS)
def test_shapes_lie_within_the_drawing_and_apart(form: str) -> None:
    width = {"wide": 1600, "tall": 390}[form]
    nodes = played().map.nodes
    height = played().map.strata[-1].spans[form][1]
    for i, node in enumerate(nodes):
        a = node.places[form]
        top, foot = next(one.spans[form] for one in played().map.strata if one.id == node.stratum)
        assert a.width / 2 <= a.x <= width - a.width / 2 and a.height / 2 <= a.y <= height - a.height / 2, node.id
        assert top <= a.y - a.height / 2 and a.y + a.height / 2 <= foot, f"{node.id} leaves its stratum"
        for other in nodes[i + 1 :]:
            b = other.places[form]
            apart = abs(a.x - b.x) >= (a.width + b.width) / 2 + 4 or abs(a.y - b.y) >= (a.height + b.height) / 2 + 4
            assert apart, f"{node.id} touches {other.id}"


def on_way_to(target: str, end: Point, own: str, form: str) -> bool:
    """Whether the point is at the shape, or on another line that leads there."""
    box = next(node.places[form] for node in played().map.nodes if node.id == target)
    if abs(end[0] - box.x) <= box.width / 2 + 8 and abs(end[1] - box.y) <= box.height / 2 + 8:
        return True
    others = [edge.routes[form] for edge in played().map.edges if target in edge.targets and edge.id != own]
    pieces = [piece for route in others for piece in segments(route)]
    return any(
        min(a[0], b[0]) - 12 <= end[0] <= max(a[0], b[0]) + 12 and min(a[1], b[1]) - 12 <= end[1] <= max(a[1], b[1]) + 12 for a, b in pieces
    )


@pytest.mark.parametrize("form", FORMS)
def test_lines_are_upright_or_flat_and_lead_to_their_shapes(form: str) -> None:
    for edge in played().map.edges:
        route = edge.routes[form]
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in segments(route)), edge.id
        ends = [arm[-1] for arm in (*route.arms, *route.loose)]
        for target in edge.targets:
            assert any(on_way_to(target, end, edge.id, form) for end in ends), f"{edge.id} does not lead to {target}"


def test_a_crossing_is_seen_and_a_corner_is_none() -> None:
    across, up = ((0.0, 5.0), (10.0, 5.0)), ((5.0, 0.0), (5.0, 10.0))
    assert crossings([across], [up]) == [((5.0, 5.0), (1.0, 0.0))]
    assert crossings([up], [across]) == [((5.0, 5.0), (0.0, 1.0))]
    assert crossings([across], [((10.0, 5.0), (10.0, 20.0))]) == []
    assert crossings([across], [((0.0, 6.0), (10.0, 6.0))]) == []


def test_words_lines_values_and_moments_are_all_there_without_a_script() -> None:
    shown, text = played().shown(), Words(map_page()).text
    for edge in shown.map.edges:
        assert f'id="line-{edge.id}"' in map_page()
        assert edge.words in text
        assert not edge.assumed or f"{edge.assumed}." in text
    for time in shown.map.moments:
        assert shown.captions[shown.map.frames.index(time)] in text
    assert map_page().count('class="m-mini"') == len(shown.map.moments)
    assert len(re.findall(r"<tr><th scope=\"row\">", map_page())) == len(shown.map.nodes)
    assert "{" not in "".join(re.findall(r"<section class=\"section words\".*?</section>", map_page(), re.S))


def test_every_line_is_told_in_the_words() -> None:
    told = set(re.findall(r"\{(\w+)\}", " ".join(played().map.words)))
    assert told == {edge.id for edge in played().map.edges}


def test_the_data_of_the_script_are_those_of_the_drawing() -> None:
    found = re.search(r'<script type="application/json" id="map-data">(.*?)</script>', map_page(), re.S)
    assert found
    data, shown = json.loads(found.group(1)), played().shown()
    assert data["hours"] == [f"{time:g}" for time in shown.map.frames]
    assert data["levels"]["PR"] == pytest.approx(list(shown.levels["PR"]), abs=1e-4)
    assert data["captions"] == list(shown.captions)
    assert min(min(values) for values in data["opacities"].values()) >= FAINTEST


def test_words_of_the_file_cannot_end_the_data() -> None:
    evil = "</script><script>alert(1)</script>"
    text = render_map(played().shown(title=evil, lede=evil), played().references, answer())
    assert evil not in text
    assert text.count("<script") == 2


def test_what_is_not_drawn_is_said() -> None:
    fewer = tuple(node for node in played().map.nodes if node.id != "PR")
    assert "Not drawn" not in map_page()
    shown = played().shown(nodes=fewer, edges=tuple(edge for edge in played().map.edges if "PR" not in edge.targets), words=())
    assert "Not drawn: PR." in Words(render_map(shown, played().references, answer())).text


def test_the_answer_links_the_map_only_where_there_is_one() -> None:
    found = an_answer(outcomes=(Outcome(statement("MOA-12", "not_yet_tested", scale="pathway"), "not_yet_tested"),))
    assert "map.html" not in Words(page(found)).links
    with_map = Words(render_page(found, references(), (), question=a_question(), has_map=True)).links
    assert with_map.count("map.html") == 2
