"""The page of all numbers: what each is, how wide its prior is, where it comes from and which statements rest on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from serdsim.claims.records import Answer
from serdsim.evidence.passports import Passport
from serdsim.model.library_rows import GRADES
from serdsim.references import ET_AL, Reference, cite_text, require
from serdsim.report import numbers, view
from serdsim.report.prior import prior
from serdsim.report.shell import environment, read_assets

TITLES = {
    "parameters.tsv": "Cell model",
    "drugs.tsv": "Drugs",
    "genotypes.tsv": "ESR1 genotypes",
    "cell_lines.tsv": "Cell lines",
    "hosts.tsv": "Tumours in mice and patients",
    "tissue.tsv": "Drugs in tissue",
    "tolerability.tsv": "What drugs cost their bearer",
    "pk_human.tsv": "Pharmacokinetics in patients",
    "pk_mouse.tsv": "Pharmacokinetics in mice",
    "pk_hosts.tsv": "Bodies of mice and patients",
    "pk_common.tsv": "Doses and conditions",
}
OWN = {"Serdsim2026": "set by this project", "Recalled2026": "from memory, not read"}
MEANS = {
    "primary": "read where it was measured",
    "secondary": "read in a review or a table of others",
    "derived": "computed from numbers that were read",
    "fitted": "fitted to rows of the evidence table that may be fitted",
    "recalled": "from memory, no document at hand",
    "assumption": "not known; set by us",
}
_SPREAD = {"lognormal": ("log-normal", "SD of log10"), "logitnormal": ("logit-normal", "SD of log odds")}


@dataclass(frozen=True)
class RowView:
    """A passport as the page shows it."""

    anchor: str
    passport: Passport
    value: str
    interval: str
    spread: str
    drawing: Markup
    sources: tuple[tuple[int, str], ...]
    claims: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Group:
    """Rows under one heading: a module of the cell, a drug, a genotype or a cell line."""

    anchor: str
    title: str
    file: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class Part:
    """All groups of one table, with how many of its rows have each grade."""

    anchor: str
    title: str
    table: str
    groups: tuple[Group, ...]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many rows the table has."""
        return sum(self.counts.values())


def render_passports(
    passports: Sequence[Passport], references: Mapping[str, Reference], answer: Answer, pages: Mapping[str, str] | None = None
) -> str:
    """The page of all numbers as one HTML text; the same library and run give the same bytes.

    Parameters
    ----------
    passports : sequence of Passport
        Every row of every table.
    references : mapping of str to Reference
        The bibliography by key.
    answer : Answer
        The run beside whose page this one stands; statements that it does not answer are not linked.
    pages : mapping of str to str, optional
        Files of the pages by statement; all on the report, when left out.

    Raises
    ------
    ReferenceError_
        If a source is not in `references`.
    """
    cited = require((key for passport in passports for key in passport.source), references)
    listed = sorted(cited, key=lambda reference: (cite_text(reference).casefold(), reference.key))
    assets = read_assets("passports.css")
    counts = {grade: sum(passport.grade == grade for passport in passports) for grade in GRADES}
    return (
        environment()
        .get_template("parameters.html.j2")
        .render(
            answer=answer,
            linked=pages or {outcome.statement.id: "report.html" for outcome in answer.outcomes},
            parts=_parts(passports, listed),
            total=len(passports),
            counts=counts,
            most=max(counts.values(), default=0),
            means=MEANS,
            free=sum(passport.distribution != "fixed" for passport in passports),
            used=sum(bool(passport.claims) for passport in passports),
            listed=listed,
            policy=assets.policy,
            screen=Markup(assets.screen),
            printed=Markup(assets.printed),
            script=Markup(assets.script),
        )
    )


def anchor_of(passport: Passport) -> str:
    """The fragment of a passport: its table, what it belongs to, its id."""
    return view.anchor("-".join(word for word in (passport.table, passport.key, passport.id) if word))


def _parts(passports: Sequence[Passport], listed: Sequence[Reference]) -> list[Part]:
    """Tables in the order of the page, those that it does not know last."""
    places = {reference.key: (i, short_name(reference)) for i, reference in enumerate(listed, 1)}
    order = [*TITLES, *dict.fromkeys(passport.table for passport in passports)]
    tables = sorted({passport.table for passport in passports}, key=order.index)
    return [_part(table, [passport for passport in passports if passport.table == table], places) for table in tables]


def _part(table: str, passports: Sequence[Passport], places: Mapping[str, tuple[int, str]]) -> Part:
    grouped: dict[tuple[str, str], list[RowView]] = {}
    for passport in passports:
        name = (passport.key, "") if passport.key else (passport.module or "Used by no shipped model", passport.module_file)
        grouped.setdefault(name, []).append(_row(passport, places))
    groups = [Group(view.anchor(f"{table}-{file or title}"), title, file, tuple(rows)) for (title, file), rows in grouped.items()]
    counts = {grade: sum(passport.grade == grade for passport in passports) for grade in GRADES}
    return Part(view.anchor(table), TITLES.get(table, table), table, tuple(groups), counts)


def _row(passport: Passport, places: Mapping[str, tuple[int, str]]) -> RowView:
    p = passport
    _, ends = numbers.interval(p.median, p.lo90, p.hi90) if p.distribution != "fixed" else ("", "")
    unit = numbers.show_unit(p.unit)
    return RowView(
        anchor=anchor_of(p),
        passport=p,
        value=f"{exactly(p.value)}\u00a0{unit or '(no unit)'}",
        interval=ends,
        spread=_spread(p),
        drawing=Markup(prior(p.median, p.lo90, p.hi90) if p.distribution != "fixed" else ""),
        sources=tuple(places[key] for key in p.source),
        claims=_claims(p.claims),
    )


def _claims(ids: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Ids of statements with what is shown of them: after the first of a page only what differs."""
    pages = ["", *(id.split("-", 1)[0] for id in ids)]
    return tuple((id, view.short_id(id) if page == before else id) for id, page, before in zip(ids, pages[1:], pages, strict=False))


def _spread(p: Passport) -> str:
    """The distribution with its width and bounds, in words."""
    if p.distribution == "fixed":
        return "fixed, not drawn"
    name, width = _SPREAD.get(p.distribution, (p.distribution, "width"))
    words = [f"{name}, {width} {exactly(p.prior or 0.0)}"]
    words += [f"not below {exactly(p.lower)}"] if p.lower is not None else []
    words += [f"not above {exactly(p.upper)}"] if p.upper is not None else []
    words += [f"variance between individuals {exactly(p.iiv)}"] if p.iiv is not None else []
    return "; ".join(words)


def exactly(value: float) -> str:
    """A number with every digit that its table has; powers of ten below 0.0001 and from ten million on."""
    exponent = math.floor(math.log10(abs(value))) if value else 0
    if -4 <= exponent < 7:
        digits = f"{abs(value):,.15f}" if exponent < 0 else f"{abs(value):,.{14 - exponent}f}"
        text = digits.rstrip("0").rstrip(".").replace(",", numbers.THIN)
        return numbers.MINUS + text if value < 0 else text
    mantissa = f"{value / 10.0**exponent:.12g}".replace("-", numbers.MINUS)
    power = numbers.power_of_ten(exponent)
    return power if mantissa == "1" else f"{mantissa}{numbers.THIN}×{numbers.THIN}{power}"


def short_name(reference: Reference) -> str:
    """How a source is named in a row: by its first author and year."""
    if reference.key in OWN:
        return OWN[reference.key]
    family = reference.authors[0].split(",")[0]
    return f"{family}{_others(reference.authors)} {reference.year}"


def _others(authors: Iterable[str]) -> str:
    names = list(authors)
    if len(names) == 2 and names[1] != ET_AL:
        return f" and {names[1].split(',')[0]}"
    return " et al." if len(names) > 1 else ""
