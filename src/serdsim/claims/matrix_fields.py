"""What measures of two drugs say: which series form the matrix, which null model, which cell; checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from serdsim.endpoints.synergy import CELLS_ALONE, NULL_MODELS
from serdsim.endpoints.tumour import TGI
from serdsim.errors import ClaimError, Issue
from serdsim.experiments.protocol import Experiment, Series

KIND = "excess"
SHARES = ("affected", "growth_stopped")
EFFECTS = (*SHARES, "halvings", *TGI)
_OVER = ("max", "mean")
_PLACES = ("at", "over", "itself")
_KNOWN = ("kind", "model", "output", "time", "of", "effect", *_PLACES)


@dataclass(frozen=True)
class MatrixFields:
    """What a measure says of a matrix of two drugs.

    Attributes
    ----------
    model : str
        Null model: ``hsa``, ``bliss``, ``loewe`` or ``zip``.
    of : tuple of str
        Series with the same concentrations of the drug beside rising ones of the partner; the first has none of it.
    effect : str
        ``affected``, 1 less what is left of the vehicle, ``growth_stopped``, 1 less the GR value, ``halvings``, how often what
        the vehicle has is halved, or a definition of how growth of tumours is inhibited, such as ``delta_volume``.
    at : str
        A cell as ``series @ concentration``; empty where another place is said.
    over : str
        ``max`` or ``mean`` over all cells with both drugs.
    itself : str
        A concentration: the drug combined with as much of itself, which the series with twice as much has measured.
    """

    model: str
    of: tuple[str, ...]
    effect: str = "affected"
    at: str = ""
    over: str = ""
    itself: str = ""

    @property
    def of_cell(self) -> bool:
        """Whether one cell and its two single agents are all that is read."""
        return bool(self.at) and self.model in CELLS_ALONE


def read_matrix(kind: str, spec: Mapping[str, object], file: str, id: str) -> MatrixFields | None:
    """Return what a measure says of a matrix, None for a kind of measure that reads none.

    Raises
    ------
    ClaimError
        For a field that is missing, is not of the kind, or cannot be meant.
    """
    if kind != KIND:
        return None
    extra = [name for name in spec if name not in _KNOWN]
    if extra:
        repair = "Correct its name, or take it out"
        raise ClaimError(Issue(f'{kind} has no field "{extra[0]}"', file=file, id=id, expected=", ".join(_KNOWN), repair=repair))
    of = spec["of"] if isinstance(spec["of"], list) else [spec["of"]]
    places = [name for name in _PLACES if name in spec]
    words = {"model": str(spec["model"]), "effect": str(spec.get("effect", EFFECTS[0])), **{name: str(spec[name]) for name in places}}
    for name, known in (("model", tuple(NULL_MODELS)), ("effect", EFFECTS), ("over", _OVER)):
        if words.get(name, known[0]) not in known:
            raise ClaimError(Issue(f'{name} is "{words[name]}"', file=file, id=id, expected=", ".join(known), repair="Write one of these"))
    if words["effect"] == "halvings" and words["model"] != "hsa":
        problem, repair = "halvings are no share, which other null models read", "Take affected, or the model hsa"
        raise ClaimError(Issue(problem, file=file, id=id, expected="the model hsa", repair=repair))
    if len(places) != 1 or len(of) < (1 if "itself" in places else 2):
        problem, expected = (
            "it does not say which cell is read",
            "one of at, over and itself, and in of a series for each level of the partner",
        )
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair='Write "at: SERIES @ CONCENTRATION" or "over: max"'))
    if "itself" in places and (words["model"] == "zip" or len(of) > 1):
        problem, expected = "a drug with itself has one series and no rows", "one series, and hsa, bliss or loewe"
        raise ClaimError(Issue(problem, file=file, id=id, expected=expected, repair="Take another model, or one series"))
    return MatrixFields(of=tuple(map(str, of)), **words)


def matrix_arms(fields: MatrixFields) -> dict[str, str]:
    """Return the arms that a measure reads: one cell with its single agents and vehicle, or whole series."""
    if fields.of_cell:
        series, level = (word.strip() for word in fields.at.split("@")) if fields.at.count("@") == 1 else (fields.at, "")
        none = f"0 {level.split(maxsplit=1)[-1]}"
        return {
            "at": f"{series} @ {level}",
            "drug": f"{fields.of[0]} @ {level}",
            "partner": f"{series} @ {none}",
            "vehicle": f"{fields.of[0]} @ {none}",
        }
    return {f"of {number}": series for number, series in enumerate(fields.of, 1)}


def level_of(series: Series) -> float:
    """Return how much of the partner a series has, in its own unit."""
    return next(iter(series.beside.values()), 0.0)


def matrix_issues(fields: MatrixFields, experiment: Experiment, file: str, id: str) -> list[Issue]:
    """Return what a matrix asks of its experiment that this one does not have; series that are not there are named elsewhere."""
    rows = [experiment.series[name] for name in fields.of if name in experiment.series]
    if len(rows) < len(fields.of):
        known = "one of " + ", ".join(experiment.series)
        lost = next(name for name in fields.of if name not in experiment.series)
        repair = f"Name one of these, or add the series to {experiment.file}"
        return [Issue(f'of: no series "{lost}"', file=file, id=id, expected=known, repair=repair)]
    wrong: list[tuple[str, str]] = []
    if any((one.drug, one.concentrations, one.unit) != (rows[0].drug, rows[0].concentrations, rows[0].unit) for one in rows):
        wrong.append(("the series differ in drug or concentrations", "the same drug at the same concentrations in each"))
    if rows[0].concentrations[0] != 0:
        wrong.append(("the series have no vehicle", "0 as their first concentration"))
    partners = {name for one in rows for name in one.beside}
    levels = [level_of(one) for one in rows]
    if len(rows) > 1 and (len(partners) != 1 or levels[0] != 0 or any(b <= a for a, b in pairwise(levels))):
        wrong.append(("the partner does not rise from series to series", "one partner, none of it in the first series, more in each"))
    if fields.at and fields.at.split("@")[0].strip() not in fields.of[1:]:
        wrong.append((f'the cell "{fields.at}" is not in a series with the partner', "one of " + ", ".join(fields.of[1:])))
    repair = f"Correct the measure, or the series in {experiment.file}"
    return [Issue(problem, file=file, id=id, expected=expected, repair=repair) for problem, expected in wrong]
