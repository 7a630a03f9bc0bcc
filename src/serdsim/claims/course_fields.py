"""What measures of a course over time say beside their arms: from when, which level, of whom; checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serdsim.endpoints.tumour import CATEGORIES, TGI
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, observed, quantity
from serdsim.model.outputs import Mrecist

COURSE_ARMS = {
    "change": ("of",),
    "best_change": ("of",),
    "time_to": ("of",),
    "suppressed_for": ("of", "to"),
    "share_alive": ("of",),
    "auc_ratio": ("of", "to"),
    "exposure": ("of",),
    "tgi": ("of", "to"),
    "mrecist": ("of",),
    "recist": ("of",),
}
CALLS = ("mrecist", "recist")  # kinds that count animals by what their tumours are called
_PASSES = ("rises_above", "falls_below")
_OF_WHOM = ("typical", "median", "mean")
_SHARE = "share"  # of the animals that are called so or better
_OWN = {
    "change": (),
    "best_change": ("after",),
    "time_to": (*_PASSES, "relative_to"),
    "suppressed_for": ("after", "share"),
    "share_alive": (*_PASSES, "relative_to"),
    "auc_ratio": ("after",),
    "exposure": ("after",),
    "tgi": ("definition",),
    "mrecist": ("category", "visits"),
    "recist": ("category", "visits"),
}
_NEEDED = {"suppressed_for": ("after", "share"), "tgi": ("definition",), "mrecist": ("category",), "recist": ("category", "visits")}
_EXAMPLES = {
    "after": "after: 648 h",
    "share": "share: 0.5",
    "rises_above": "rises_above: 1500",
    "definition": "definition: delta_volume",
    "category": "category: PR",
    "visits": "visits: 168 h",
}


@dataclass(frozen=True)
class CourseFields:
    """What a measure says of a course.

    Attributes
    ----------
    after : float
        From when it is read [h].
    level : float or None
        What is passed, in the unit of the output, or as a share of the start or of the reference arm.
    rises : bool
        Whether the level is passed from below.
    of_start : bool
        Whether the level is a share of the output's own start.
    of_whom : str
        ``typical`` individual, or ``median`` or ``mean`` of the animals; ``share`` of them for what tumours are called.
    definition : str
        Of growth inhibition, a name of `TGI`.
    category : str
        What a tumour must at least be called, one of `CATEGORIES`.
    visits : float
        Time between visits [h], 0 for all that is observed.
    """

    after: float = 0.0
    level: float | None = None
    rises: bool = True
    of_start: bool = False
    of_whom: str = "typical"
    definition: str = ""
    category: str = ""
    visits: float = 0.0


def read_course(kind: str, spec: Mapping[str, object], file: str, id: str) -> CourseFields | None:
    """Return what a measure says of a course, None for a kind of measure that reads no course.

    Raises
    ------
    ClaimError
        For a field that is missing, is not of the kind, or cannot be meant.
    """
    if kind not in COURSE_ARMS:
        return None
    known = ("kind", "output", "time", *COURSE_ARMS[kind], *_OWN[kind], *(() if kind == "share_alive" else ("animals",)))
    extra = [name for name in spec if name not in known]
    if extra:
        repair = "Correct its name, or take it out"
        raise ClaimError(Issue(f'{kind} has no field "{extra[0]}"', file=file, id=id, expected=", ".join(known), repair=repair))
    passes = [name for name in _PASSES if name in spec and name in known]
    if kind in ("time_to", "share_alive") and len(passes) != 1:
        repair = f"Write {_EXAMPLES['rises_above']}, or falls_below"
        raise ClaimError(Issue(f"{kind} needs one level", file=file, id=id, expected="rises_above or falls_below", repair=repair))
    for name in _NEEDED.get(kind, ()):
        if name not in spec:
            raise ClaimError(Issue(f"{kind} lacks {name}", file=file, id=id, expected=name, repair=f'Add "{_EXAMPLES[name]}"'))
    level = _number(spec, passes[0], file, id) if passes else _number(spec, "share", file, id) if "share" in spec else None
    whoms = ("typical", _SHARE) if kind in CALLS else _OF_WHOM
    start, whom = str(spec.get("relative_to", "none")), str(spec.get("animals", _SHARE if kind in CALLS else "typical"))
    definition, category = str(spec.get("definition", "")), str(spec.get("category", ""))
    for name, word, words in (
        ("relative_to", start, ("none", "start")),
        ("animals", whom, whoms),
        ("definition", definition, (*TGI, *([] if kind == "tgi" else [""]))),
        ("category", category, (*CATEGORIES[1:], *([] if kind in CALLS else [""]))),
    ):
        if word not in words:
            raise ClaimError(Issue(f'{name} is "{word}"', file=file, id=id, expected=" or ".join(words), repair="Write one of these"))
    after, visits = (quantity(spec[name], "h", file, id) if name in spec else 0.0 for name in ("after", "visits"))
    return CourseFields(after, level, passes != ["falls_below"], start == "start", whom, definition, category, visits)


def _number(spec: Mapping[str, object], name: str, file: str, id: str) -> float:
    value = spec[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        repair = "Write the number alone, in the unit of the output or as a share"
        raise ClaimError(Issue(f'{name} is "{value}"', file=file, id=id, expected="a number above 0", repair=repair))
    return float(value)


def course_issues(kind: str, course: CourseFields, output: str, time: float, experiment: Experiment, file: str, id: str) -> list[Issue]:
    """Return what a measure asks of its experiment that this one does not have."""
    issues = _call_issues(kind, course, output, time, experiment, file, id) if kind in CALLS else []
    if (course.of_whom != "typical" or kind == "share_alive") and not experiment.animals:
        repair = f'Add "animals: 20" to {experiment.file}'
        issues.append(Issue("the experiment has no animals beside the typical one", file=file, id=id, expected="animals", repair=repair))
    if course.after and observed(experiment.times(), course.after) is None:
        expected = f"0 to {experiment.hours:g} h in steps of {experiment.every:g} h"
        problem = f"the experiment does not observe {course.after:g} h"
        issues.append(Issue(problem, file=file, id=id, expected=expected, repair=f"Take one of these times, or change {experiment.file}"))
    if course.after >= time:
        problem, repair = f"it is read after {course.after:g} h and up to {time:g} h", "Give after a time before that of the measure"
        issues.append(Issue(problem, file=file, id=id, expected="a time after the other", repair=repair))
    return issues


def _call_issues(kind: str, course: CourseFields, output: str, time: float, experiment: Experiment, file: str, id: str) -> list[Issue]:
    """Return what the rules of mRECIST and RECIST lack: limits, the quantity that they call, a time, visits that are observed."""
    rule = experiment.by_volume if kind == "mrecist" else experiment.by_diameter
    if rule is None:
        repair = f"Write response{'_of_xenografts' if kind == 'mrecist' else ''} below readings in outputs.yaml of the library"
        return [Issue(f"the library has no limits of {kind}", file=file, id=id, expected="the categories with their limits", repair=repair)]
    known = [name for name, _, _ in rule.limits] if isinstance(rule, Mrecist) else ["SD", "PR"]
    issues, called = [], rule.volume if isinstance(rule, Mrecist) else rule.diameter
    if output != called:
        repair = f"Measure {called}, and observe it in {experiment.file}"
        issues.append(Issue(f"{kind} does not call {output}", file=file, id=id, expected=called, repair=repair))
    if course.category not in known:
        problem = f"{kind} of this library never calls a tumour {course.category}"
        issues.append(Issue(problem, file=file, id=id, expected=" or ".join(known), repair="Name one of these"))
    if isinstance(rule, Mrecist) and time < rule.since:
        expected, repair = f"at least {rule.since:g} h", "Give the measure a later time"
        issues.append(Issue(f"mrecist at {time:g} h reads no volume", file=file, id=id, expected=expected, repair=repair))
    if course.visits and (course.visits > time or observed(experiment.times(), course.visits) is None):
        expected = f"a multiple of {experiment.every:g} h, at most {time:g} h"
        problem, repair = f"visits every {course.visits:g} h do not fall on observations", f"Take another, or change {experiment.file}"
        issues.append(Issue(problem, file=file, id=id, expected=expected, repair=repair))
    return issues
