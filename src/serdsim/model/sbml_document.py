"""SBML text -> a libSBML document that is known to be usable, or a `ModelError` that says why not."""

from __future__ import annotations

import re
from typing import Any

import libsbml

from serdsim.errors import Issue, ModelError

_REPAIR = "Open the file in the tool that wrote it and export it again as SBML Level 3 Version 2, or correct the line"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_SHOWN = 40
_UNCHECKED = (libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, libsbml.LIBSBML_CAT_MODELING_PRACTICE, libsbml.LIBSBML_CAT_SBO_CONSISTENCY)
# notes, annotations and dangling unit references do not touch what the model computes
_HARMLESS = frozenset({*range(10401, 10405), *range(10801, 10805), 10311, 10313, 98001, 98002})


def open_document(text: str, file: str, *, flatten: bool = False) -> Any:
    """Return a checked libSBML document.

    Parameters
    ----------
    text : str
        The SBML file.
    file : str
        Its name, for errors.
    flatten : bool
        Resolve submodels of the package comp into one model instead of refusing them.

    Raises
    ------
    ModelError
        All errors of the file together: malformed XML, Level 1, required packages, `fast` reactions, undefined ids.
    """
    if not text.strip():
        raise ModelError(Issue("the file is empty", file=file, expected="an SBML model", repair=_REPAIR))
    if "\0" in text:
        raise ModelError(Issue("the file is not text", file=file, expected="an SBML model", repair=_REPAIR))
    _check_beginning(text, file)
    # the text is decoded: what its declaration says about the encoding, or leaves out, means nothing any more
    document = libsbml.readSBMLFromString(_DECLARATION + re.sub(r"\A\s*<\?xml.*?\?>", _only_lines, text, count=1, flags=re.DOTALL))
    _raise(_logged(document, file))
    if document.getModel() is None:
        raise ModelError(Issue("the file has no model", file=file, expected="one <model> inside <sbml>", repair=_REPAIR))
    if document.getLevel() < 2:
        raise ModelError(
            Issue("SBML Level 1 is not read", file=file, line=1, expected="Level 2 or 3", repair="Convert the file to Level 3 Version 2")
        )
    if flatten and document.getPlugin("comp") is not None:
        _flatten(document, file)
    _raise(_packages(document, file))
    _raise(_fast(document, file))
    for category in _UNCHECKED:
        document.setConsistencyChecks(category, False)
    document.checkConsistency()
    _raise(_logged(document, file))
    return document


def _only_lines(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def _check_beginning(text: str, file: str) -> None:
    """Raise when the file is not XML, declares entities, or begins with another element than <sbml>."""
    prolog = _PROLOG.match(text)
    place = prolog.end() if prolog else 0
    line, rest = text[:place].count("\n") + 1, text[place:]
    shown = rest[:_SHOWN].split("\n")[0].strip()
    if rest.startswith("<!DOCTYPE"):
        problem = "the file has a document type (<!DOCTYPE), whose entities can bring in other files"
        raise ModelError(
            Issue(problem, file, line, expected="plain SBML", repair="Remove the declaration and the entities that it defines")
        )
    if not rest.startswith("<"):
        raise ModelError(Issue(f'the file is not XML: it begins with "{shown}"', file, line, expected="an SBML model", repair=_REPAIR))
    if not re.match(r"<(?:\w+:)?sbml\b", rest):
        tag = shown.partition(">")[0] + ">"
        raise ModelError(Issue(f'the XML is not SBML: it begins with "{tag}"', file, line, expected="an <sbml> element", repair=_REPAIR))
    if not re.search(r"</(?:\w+:)?sbml\s*>|<(?:\w+:)?sbml\b[^>]*/>", rest):
        last = len(text.rstrip().splitlines())
        raise ModelError(
            Issue("the XML ends before its </sbml>", file, last, expected="a whole SBML file", repair="Fetch or export it again")
        )


def _raise(issues: list[Issue]) -> None:
    if issues:
        raise ModelError(issues)


def _logged(document: Any, file: str) -> list[Issue]:
    issues: list[Issue] = []
    for position in range(document.getNumErrors()):
        error = document.getError(position)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR and error.getErrorId() not in _HARMLESS:
            issues.append(_issue(error, file))
    return list(dict.fromkeys(issues))


def _issue(error: Any, file: str) -> Issue:
    lines = [line.strip() for line in error.getMessage().splitlines() if line.strip() and not line.startswith("Reference:")]
    detail = lines[-1] if lines else ""
    head = error.getShortMessage().strip() or "not valid SBML"
    problem = f"{head}: {detail}" if detail and detail.rstrip(".") != head.rstrip(".") else head
    return Issue(problem.rstrip("."), file=file, line=error.getLine() or None, expected="valid SBML", repair=_REPAIR)


def _packages(document: Any, file: str) -> list[Issue]:
    if document.getLevel() < 3:
        return []
    names = [document.getPlugin(i).getPackageName() for i in range(document.getNumPlugins())]
    required = [name for name in names if document.getPackageRequired(name) and name != "l3v2extendedmath"]
    unknown = [document.getUnknownPackagePrefix(i) for i in range(document.getNumUnknownPackages())]
    required += [prefix for prefix in unknown if document.getPackageRequired(prefix)]
    return [
        Issue(
            f'the model needs the SBML package "{name}", which changes what its mathematics means',
            file=file,
            line=document.getLine() or None,
            expected="SBML core",
            repair="Flatten the model to SBML core before giving it" if name == "comp" else "Export the model without that package",
        )
        for name in required
    ]


def _fast(document: Any, file: str) -> list[Issue]:
    return [
        Issue(
            'the reaction is marked "fast"',
            file=file,
            line=reaction.getLine() or None,
            id=reaction.getId(),
            expected="reactions with a rate",
            repair="Replace the fast reaction by an equilibrium written as an assignment rule, or give it a large finite rate",
        )
        for reaction in document.getModel().getListOfReactions()
        if reaction.isSetFast() and reaction.getFast()
    ]


def _flatten(document: Any, file: str) -> None:
    options = libsbml.ConversionProperties()
    options.addOption("flatten comp")
    options.addOption("leavePorts", False)
    options.addOption("performValidation", False)
    if document.convert(options) != libsbml.LIBSBML_OPERATION_SUCCESS:
        issues = _logged(document, file) or [Issue("the submodels cannot be resolved into one model", file=file)]
        raise ModelError(issues)
