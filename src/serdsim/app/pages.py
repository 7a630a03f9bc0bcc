"""The pages that the server writes itself; those of runs stay as they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serdsim.app.entries import Catalogue, Entry
from serdsim.app.latest import Answered
from serdsim.app.search import Found
from serdsim.claims.read import MAIN
from serdsim.report.shell import Assets, environment, read_assets
from serdsim.report.view import SIGNS, anchor


@dataclass(frozen=True)
class Link:
    """Where a thing stands, and the command that writes the page where there is none yet."""

    words: str
    address: str
    command: str = ""


@dataclass(frozen=True)
class Site:
    """What pages are made from: the library, and the latest run of each question."""

    catalogue: Catalogue
    answered: Mapping[str, Answered]
    folder: str

    def question(self, id: str) -> Link:
        """Return the page of a question, else its place on the first page."""
        title = next(one.title for one in self.catalogue.questions if one.id == id)
        done = self.answered.get(id)
        return Link(title, done.address if done else f"/#{id}", "" if done else command(id))

    def statement(self, id: str) -> Link:
        """Return a statement on the page of its question."""
        home = self.catalogue.homes[id]
        done = self.answered.get(home)
        return Link(id, f"{done.address}#{anchor(id)}" if done else f"/#{home}", "" if done else command(home))

    def entry(self, one: Entry) -> Link | None:
        """Return where a question or a statement stands; other things have no page of their own."""
        if one.kind == "question":
            return self.question(one.key)
        return self.statement(one.key) if one.kind == "statement" else None


def command(question: str) -> str:
    """Return the command that answers a question."""
    return "serdsim moa" if question == MAIN else f"serdsim moa {question}"


def assets() -> Assets:
    """Return styles and script of the server's own pages."""
    return read_assets("serve.css", "serve.js")


def policy() -> str:
    """Return the policy of the server's own pages: what other pages have, and a form that asks this server."""
    return assets().policy.replace("form-action 'none'", "form-action 'self'") + "; frame-ancestors 'none'"


def render_home(site: Site) -> str:
    """Return the page of all questions."""
    return _render("serve_home.html.j2", site, title="What can be asked", here="/")


def render_search(site: Site, found: Found) -> str:
    """Return the page of what a search found."""
    title = f"Search: {found.query}" if found.query else "Search"
    return _render("serve_search.html.j2", site, title=title, here="/search", found=found, query=found.query)


def render_runs(site: Site, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of all runs; `page` of each says whether it wrote one."""
    return _render("serve_runs.html.j2", site, title="Runs", here="/runs", runs=runs)


def render_problem(site: Site | None, title: str, words: str, remedy: str = "") -> str:
    """Return the page that says what went wrong, and what helps."""
    return _render("serve_problem.html.j2", site, title=title, here="", words=words, remedy=remedy)


def _render(template: str, site: Site | None, **shown: object) -> str:
    standing: dict[str, object] = {"query": "", "site": site, "signs": SIGNS, "command": command}
    parts = {name: part for name, part in assets().parts.items() if name != "policy"}
    return environment().get_template(template).render(**{**standing, **parts, "policy": policy_in_page(), **shown})


def policy_in_page() -> str:
    """Return the policy without what only a header may say."""
    return policy().removesuffix("; frame-ancestors 'none'")
