"""Hosts that no citation may name: what they show is a copy, a digest or an advertisement of a document that can be cited itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

# a reader must be led to the document that was printed: its DOI, its PMID or its publisher
_HOSTS = {
    "sells the compound and prints a number to sell it": (
        r"benchchem|medchemexpress|selleckchem|selleck|caymanchem|tocris|apexbt|invivochem|probechem|glpbio|targetmol|adooq|"
        r"[a-z0-9-]*inhibitors?|buddha-blend|medimix|palbocap|sigmaaldrich"
    ),
    "copies labels, whose primary document is the regulator's or the manufacturer's": (r"oddb|medluna|drugline|jsintl|meddatax|rxlist"),
    "copies abstracts, often cut, of papers that have a DOI or a PMID": (
        r"scilit|acemap|semanticscholar|discovery\.researcher|ouci\.dntb|curehunter|cancer-research-network|experts\.illinois|cris\.biu|"
        r"acnpsearch|pesquisa\.bvsalud|researchgate|academia|5dok|docslib|scribd"
    ),
    "is written by anyone, and cites others": r"[a-z]+\.miraheze|[a-z]+\.wikipedia|fandom",
}
_END = r"(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b"
PATTERNS = {reason: re.compile(rf"(?<![a-z0-9-])(?:[a-z0-9-]+\.)*(?:{names}){_END}", re.IGNORECASE) for reason, names in _HOSTS.items()}
DOI_OF_A_COPY = re.compile(r"\b10\.13140/", re.IGNORECASE)  # given by a network of readers to what they upload


def faults_of(text: str) -> Iterator[str]:
    """Why a text must not stand in a citation."""
    for reason, pattern in PATTERNS.items():
        for found in pattern.finditer(text):
            yield f"{found.group()} {reason}"
    if DOI_OF_A_COPY.search(text):
        yield "10.13140 is the DOI of an upload, not of what was printed"


def citation_faults(library: Path) -> list[str]:
    """File and line of every forbidden address in bibliography, tables, claims and experiments."""
    files = [library / "references.bib", *library.glob("*.tsv"), *library.glob("*.yaml")]
    files += [*library.glob("claims/*.yaml"), *library.glob("experiments/*.yaml")]
    return [
        f"{path.relative_to(library)}:{number}  {fault}"
        for path in sorted(files)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for fault in faults_of(line)
    ]
