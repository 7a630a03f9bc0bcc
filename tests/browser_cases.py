"""Pages in a browser: opened, watched while a test looks, and searched for labels that lie on each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.plot')) {
    if (!svg.getClientRects().length) continue;
    const box = svg.viewBox.baseVal;
    const texts = [...svg.querySelectorAll('text')].map(t => [t.getBBox(), t.textContent]);
    const size = svg.getBoundingClientRect().width / box.width;
    for (const t of svg.querySelectorAll('text')) {
      if (parseFloat(getComputedStyle(t).fontSize) * size < 11) found.push('too small: ' + t.textContent);
    }
    texts.forEach(([a, words], i) => {
      if (a.x < -1 || a.y < -3 || a.x + a.width > box.width + 1 || a.y + a.height > box.height + 3) found.push('outside: ' + words);
      texts.slice(i + 1).forEach(([b, other]) => {
        const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
        const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
        if (wide > 0.5 && high > 4.5) found.push(words + ' / ' + other);
      });
    });
  }
  return found;
}"""


@contextmanager
def opened(browser: Any, address: str, width: int = 1280, **options: Any) -> Iterator[Any]:
    """Yield a tab with the page; afterwards nothing may have gone wrong in it, and it may have asked for no other file."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    tab = context.new_page()
    trouble: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    if options.get("java_script_enabled", True):
        tab.evaluate("() => document.fonts.ready.then(() => true)")
    yield tab
    assert trouble == []
    assert [url for url in requests if not url.startswith("data:")] == [address]
    context.close()
