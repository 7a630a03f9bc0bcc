"""The pathway map in a browser: what a reader moves, chooses and reads, at desk and phone width."""

from __future__ import annotations

from typing import Any

import pytest

from browser_cases import opened
from map_cases import map_page, played

pytestmark = pytest.mark.browser

LABELS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.m-map')) {
    if (!svg.getClientRects().length) continue;
    const frame = svg.viewBox.baseVal, scale = svg.getBoundingClientRect().width / frame.width;
    const texts = [...svg.querySelectorAll('text')].map(t => {
      // the font's line is higher than its letters: from the tops of capitals to the feet of descenders
      const line = t.getBBox(), size = parseFloat(getComputedStyle(t).fontSize), foot = parseFloat(t.getAttribute('y'));
      return [{x: line.x, width: line.width, y: foot - 0.74 * size, height: 0.96 * size}, t.textContent, size];
    });
    if (texts.length < 80) found.push('only ' + texts.length + ' labels');
    texts.forEach(([a, words, size], i) => {
      if (size * scale < 11) found.push('too small: ' + words + ' ' + size * scale);
      if (a.x < -1 || a.y < -1 || a.x + a.width > frame.width + 1 || a.y + a.height > frame.height + 1) found.push('outside: ' + words);
      texts.slice(i + 1).forEach(([b, other]) => {
        const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
        const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
        if (wide > 0.5 && high > 0.5) found.push(words + ' / ' + other);
      });
    });
    for (const node of svg.querySelectorAll('.m-node')) {
      const box = node.querySelector('.m-box').getBBox();
      for (const t of node.querySelectorAll('text')) {
        const a = t.getBBox();
        const inside = a.y + a.height > box.y + 2;
        if (inside && (a.x < box.x + 1 || a.x + a.width > box.x + box.width - 1)) found.push('wider than its shape: ' + t.textContent);
      }
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(map_page(), encoding="utf-8")
    return path.as_uri()


def level(tab: Any, node: str) -> float:
    return float(tab.evaluate(f"""document.querySelector('#map-wide rect[data-l="{node}"]').getAttribute('height')"""))


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (1100, "light"), (1099, "light"), (600, "light"), (390, "light"), (390, "dark")]
)
def test_labels_keep_apart_and_nothing_leaves_the_file(browser: Any, address: str, width: int, scheme: str) -> None:
    with opened(browser, address, width, color_scheme=scheme) as tab:
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate(LABELS) == []
        assert tab.locator("svg.m-map:visible").count() == 1
        assert tab.locator("#map-wide").is_visible() == (width >= 1100)
        tab.click("#play")
        tab.wait_for_timeout(100)


def test_nothing_moves_by_itself_play_moves_and_pause_stops(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        tab.wait_for_timeout(1200)
        assert tab.input_value("#time") == "0"
        before = level(tab, "nuc_drug")
        tab.click("#play")
        assert tab.inner_text("#play") == "Pause"
        for _ in range(80):
            if int(tab.input_value("#time")) >= 2:
                break
            tab.wait_for_timeout(100)
        tab.click("#play")
        held = tab.input_value("#time")
        assert tab.inner_text("#play") == "Play"
        assert level(tab, "nuc_drug") > before + 20
        tab.wait_for_timeout(1200)
        assert tab.input_value("#time") == held


def test_the_slider_moves_by_keyboard_with_time_caption_and_numbers(browser: Any, address: str) -> None:
    shown = played().shown()
    with opened(browser, address) as tab:
        tab.focus("#time")
        for _ in range(3):
            tab.keyboard.press("ArrowRight")
        assert tab.inner_text("#time-shown") == "1 h"
        assert tab.get_attribute("#time", "aria-valuetext") == "1 hours after the drug"
        assert tab.inner_text("#caption") == shown.captions[3]
        assert tab.get_attribute("#caption", "aria-live") == "polite"
        assert tab.text_content("#map-wide .m-clock") == "1 h"
        assert f"{100 * shown.headline['receptor'][3]:.0f}\u00a0%" in tab.inner_text("#shares")
        assert level(tab, "nuc_E2") == pytest.approx(52 * float(shown.levels["nuc_E2"][3]), abs=0.1)
        tab.keyboard.press("End")
        assert tab.inner_text("#time-shown") == "96 h"
        assert tab.inner_text("#caption") == shown.captions[-1]
        tab.click("#play")
        assert tab.inner_text("#time-shown") == "0 h"


def test_a_chosen_shape_shows_only_what_touches_it(browser: Any, address: str) -> None:
    touching = [edge for edge in played().map.edges if "dimer_free" in (*edge.sources, *edge.targets)]
    with opened(browser, address) as tab:
        tab.focus('#map-wide [data-n="dimer_free"]')
        tab.keyboard.press("Enter")
        chosen = tab.eval_on_selector_all("#map-wide .m-edge.on", "found => found.map(one => one.dataset.e)")
        assert sorted(chosen) == sorted(edge.id for edge in touching)
        assert tab.get_attribute('#map-wide [data-n="dimer_free"]', "aria-pressed") == "true"
        assert f"({len(touching)} lines)" in tab.inner_text("#choice")
        tab.wait_for_timeout(400)
        faded = tab.evaluate("""getComputedStyle(document.querySelector('#map-wide [data-e="drive_D1"] .m-flow')).opacity""")
        assert float(faded) < 0.2
        tab.keyboard.press("Escape")
        assert tab.locator("#map-wide .m-edge.on").count() == 0
        tab.click('#map-wide [data-n="PR"]')
        tab.click("#show-all")
        assert tab.locator("#map-wide.has-chosen").count() == 0


def test_every_line_is_a_link_with_a_name(browser: Any, address: str) -> None:
    with opened(browser, address) as tab:
        for edge in played().map.edges:
            assert tab.locator("#map-wide").get_by_role("link", name=f"{edge.letter}: {edge.words}").count() == 1, edge.id
        unnamed = "[...document.querySelectorAll('a')].filter(a => !(a.textContent || a.getAttribute('aria-label') || '').trim()).length"
        assert tab.evaluate(unnamed) == 0
        own = next(edge for edge in played().map.edges if edge.id == "translate")
        tab.focus(f'#map-wide [data-e="{own.id}"]')
        tab.keyboard.press("Enter")
        assert tab.evaluate("location.hash").startswith("#ref-")


def test_it_reads_without_script(browser: Any, address: str) -> None:
    shown = played().shown()
    for width in (1280, 390):
        with opened(browser, address, width, java_script_enabled=False) as tab:
            assert tab.locator("svg.m-mini:visible").count() == len(shown.map.moments)
            for time in shown.map.moments:
                assert shown.captions[shown.map.frames.index(time)] in tab.inner_text("#moments")
            assert "competes" in tab.inner_text("#words") or "compete" in tab.inner_text("#words")
            assert not tab.locator("#play").is_visible()
            assert tab.locator("#time").is_disabled()
            assert tab.locator("svg.m-map:visible").count() == 1
            assert tab.locator("#values tbody tr").count() == len(shown.map.nodes)


def test_reduced_motion_has_no_transitions(browser: Any, address: str) -> None:
    seconds = "getComputedStyle(document.querySelector('#map-wide .m-lvl')).transitionDuration.split(',').map(parseFloat)"
    with opened(browser, address, reduced_motion="reduce") as tab:
        assert set(tab.evaluate(seconds)) == {0}
    with opened(browser, address, reduced_motion="no-preference") as tab:
        assert max(tab.evaluate(seconds)) > 0


def test_print_shows_the_wide_map_and_no_controls(browser: Any, address: str) -> None:
    with opened(browser, address, 900) as tab:
        tab.emulate_media(media="print")
        assert tab.locator("#map-wide").is_visible()
        assert not tab.locator("#play").is_visible()
        assert not tab.locator("#time").is_visible()
