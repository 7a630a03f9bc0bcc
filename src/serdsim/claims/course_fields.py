"""What measures of a course over time say beside their arms: from when, which level, of whom; checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, observed, quantity

COURSE_ARMS = {
    "change": ("of",),
    "best_change": ("of",),
    "time_to": ("of",),
    "suppressed_for": ("of", "to"),
    "share_alive": ("of",),
    "auc_ratio": ("of", "to"),
    "exposure": ("of",),
}
_PASSES = ("rises_above", "falls_below")
_OF_WHOM = ("typical", "median", "mean")
_OWN = {
    "change": (),
    "best_change": ("after",),
    "time_to": (*_PASSES, "relative_to"),
    "suppressed_for": ("after", "share"),
    "share_alive": (*_PASSES, "relative_to"),
    "auc_ratio": ("after",),
    "exposure": ("after",),
}
_EXAMPLES = {"after": "after: 648 h", "share": "share: 0.5", "rises_above": "rises_above: 1500"}


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
        ``typical`` individual, or ``median`` or ``mean`` of the animals.
    """

    after: float = 0.0
    level: float | None = None
    rises: bool = True
    of_start: bool = False
    of_whom: str = "typical"


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
    needed = ["after", "share"] if kind == "suppressed_for" else []
    passes = [name for name in _PASSES if name in spec and name in known]
    if kind in ("time_to", "share_alive") and len(passes) != 1:
        repair = f"Write {_EXAMPLES['rises_above']}, or falls_below"
        raise ClaimError(Issue(f"{kind} needs one level", file=file, id=id, expected="rises_above or falls_below", repair=repair))
    for name in needed:
        if name not in spec:
            raise ClaimError(Issue(f"{kind} lacks {name}", file=file, id=id, expected=name, repair=f'Add "{_EXAMPLES[name]}"'))
    level = _number(spec, passes[0], file, id) if passes else _number(spec, "share", file, id) if "share" in spec else None
    start, whom = str(spec.get("relative_to", "none")), str(spec.get("animals", "typical"))
    for name, word, words in (("relative_to", start, ("none", "start")), ("animals", whom, _OF_WHOM)):
        if word not in words:
            raise ClaimError(Issue(f'{name} is "{word}"', file=file, id=id, expected=" or ".join(words), repair="Write one of these"))
    after = quantity(spec["after"], "h", file, id) if "after" in spec else 0.0
    return CourseFields(after, level, passes != ["falls_below"], start == "start", whom)


def _number(spec: Mapping[str, object], name: str, file: str, id: str) -> float:
    value = spec[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        repair = "Write the number alone, in the unit of the output or as a share"
        raise ClaimError(Issue(f'{name} is "{value}"', file=file, id=id, expected="a number above 0", repair=repair))
    return float(value)


def course_issues(kind: str, course: CourseFields, time: float, experiment: Experiment, file: str, id: str) -> list[Issue]:
    """Return what a measure asks of its experiment that this one does not have."""
    issues = []
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
