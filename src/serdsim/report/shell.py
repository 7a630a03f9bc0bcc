"""What every page is made with: styles, script, the policy that allows nothing else, and the template environment."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from serdsim.claims.hypotheses import separation
from serdsim.claims.review import is_due
from serdsim.references import cite_text
from serdsim.report import numbers, small, view
from serdsim.report.definitions_view import held, held_sign, share

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Assets:
    """Screen style with embedded fonts, print style, script, and the content-security policy that allows these."""

    screen: str
    printed: str
    script: str

    @property
    def parts(self) -> dict[str, str]:
        """What a template embeds, by the names that templates use; the texts are markup."""
        return {
            "policy": self.policy,
            "screen": Markup(self.screen),
            "printed": Markup(self.printed),
            "script": Markup(self.script),
        }

    @property
    def policy(self) -> str:
        """A policy that allows nothing but the page's own styles, script and embedded fonts."""
        return (
            f"default-src 'none'; style-src {_digest(self.screen)} {_digest(self.printed)}; script-src {_digest(self.script)}; "
            "font-src data:; img-src data:; base-uri 'none'; form-action 'none'"
        )


@cache
def read_assets(*own: str) -> Assets:
    """Return what a page needs; `own` are style sheets and scripts of its own, after those of all pages."""

    def embed(found: re.Match[str]) -> str:
        data = base64.b64encode((HERE / "assets" / found.group(1)).read_bytes()).decode("ascii")
        return f"url(data:font/woff2;base64,{data})"

    def read(name: str) -> str:
        return (HERE / "assets" / name).read_text(encoding="utf-8")

    tokens = re.sub(r"url\((fonts/[\w-]+\.woff2)\)", embed, read("tokens.css"))
    sheets = ["site.css", *(name for name in own if name.endswith(".css"))]
    scripts = ["theme.js", *(name for name in own if name.endswith(".js"))]
    return Assets(tokens + "".join(map(read, sheets)), read("print.css"), "".join(map(read, scripts)))


def _digest(text: str) -> str:
    """The hash by which the content-security policy allows an inline style or script."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def environment() -> Environment:
    """The template environment: escapes everything, refuses unknown names."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shown = view.value_text, view.first_up, view.p_range
    for rule in (*shown, view.verdict, view.sign, view.short_id, view.anchor, view.long_date, view.held, is_due):
        env.filters[rule.__name__] = rule
    env.filters |= {
        "p": numbers.probability,
        "separation": separation,
        "count": numbers.count,
        "spark": lambda outcome: Markup(small.spark(outcome)),
        "cell": lambda ablation: Markup(small.cell(ablation)),
        "change": small.change,
        "share": lambda p: Markup(share(p)),
        "held_sign": held_sign,
        "definition_held": held,
        "cite": cite_text,
    }
    env.globals |= {"with_interval": numbers.with_interval, "roles": view.ROLES}
    return env
