"""What two drugs would do together if nothing but each of them acted: four null models, each by its name, and what lies above it.

An effect is a share affected: 0 as in the vehicle, 1 nothing left. All work on a matrix of effects of shape (drug, partner) or
(drug, partner, draw): its first row is the partner alone, its first column the drug alone, its first cell the vehicle. What lies above
a null model is synergy by that model, and by no other: they answer different questions and often disagree.

- ``hsa``, highest single agent: the larger of the two single effects.
- ``bliss``, independence (Bliss 1939): each drug leaves the share that it leaves alone.
- ``loewe``, additivity (Loewe 1926): a drug combined with itself. Single curves are Hill curves; above what the weaker drug can reach
  alone no amount of it stands for that effect, so that it counts as absent there and the stronger drug is expected alone.
- ``zip_``, zero interaction potency (Yadav 2015): Bliss of the fitted single curves, compared with Hill curves fitted along rows and
  columns of the matrix, and not with its cells. There the top is 1; a drug that only stops cells does not reach it, so that here it is
  free up to 1.

A drug that makes more cells than the vehicle has an effect below 0; Hill curves take it as none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from serdsim.endpoints.hill import Hill, fit_hill
from serdsim.errors import InputError, Issue

_HALVINGS = 60

Null = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def share_affected(left: np.ndarray, vehicle: np.ndarray) -> np.ndarray:
    """Return 1 - left / vehicle, of cells or volumes, in the common shape."""
    return np.asarray(1.0 - left / vehicle)


def growth_stopped(gr: np.ndarray) -> np.ndarray:
    """Return 1 - GR of growth-rate values, at most 1: cells that are lost beyond stasis do not count."""
    return np.asarray(1.0 - np.maximum(gr, 0.0))


def hsa(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return the larger of the single effects, in the shape of `effects`; the concentrations play no part."""
    check_matrix(effects, drug, partner)
    return np.asarray(np.maximum(effects[:, :1], effects[:1]))


def bliss(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return the effect of independent drugs, in the shape of `effects`; the concentrations play no part."""
    check_matrix(effects, drug, partner)
    first, second = effects[:, :1], effects[:1]
    return np.asarray(first + second - first * second)


def loewe(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return the effect y with a / A(y) + b / B(y) = 1, in the shape of `effects`; A(y) and B(y) have the effect y alone."""
    values, first, second = _single(effects, drug, partner)
    a, b = drug[:, None, None], partner[None, :, None]
    low = np.zeros(values.shape)
    high = np.broadcast_to(np.maximum(first.top, second.top), values.shape).copy()
    none = (a + b == 0) | (high <= 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            spent = _spent(a, first.needed(middle)) + _spent(b, second.needed(middle))
        enough = spent >= 1.0  # both together have more than this effect
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    found = np.where(none, 0.0, (low + high) / 2)
    return np.asarray(np.where(np.isfinite(first.top + second.top), found, np.nan).reshape(effects.shape))


def zip_(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return Bliss independence of the fitted single curves, in the shape of `effects`."""
    _, first, second = _single(effects, drug, partner)
    alone, other = first.at(drug[:, None, None]), second.at(partner[None, :, None])
    return np.asarray((alone + other - alone * other).reshape(effects.shape))


def zip_fitted(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return what ZIP compares with its null: the mean of the Hill curves fitted along rows and along columns, in the shape of `effects`.

    A curve along a row begins at the fitted effect of the drug that is the same in all of it.
    """
    values, first, second = _single(effects, drug, partner)
    found = np.zeros(values.shape)
    for j, level in enumerate(partner):
        start = second.at(level)[0]
        found[:, j] += fit_hill(drug[1:], values[1:, j], start).at(drug[:, None]) / 2
    for i, level in enumerate(drug):
        start = first.at(level)[0]
        found[i] += fit_hill(partner[1:], values[i, 1:], start).at(partner[:, None]) / 2
    return np.asarray(found.reshape(effects.shape))


NULL_MODELS: Mapping[str, Null] = {"hsa": hsa, "bliss": bliss, "loewe": loewe, "zip": zip_}
CELLS_ALONE = frozenset({"hsa", "bliss"})  # which read a cell and its two single agents, and no curve
TITLES: Mapping[str, str] = {"hsa": "highest single agent", "bliss": "Bliss", "loewe": "Loewe", "zip": "ZIP"}


def excess(model: str, effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> np.ndarray:
    """Return how far the effects lie above a null model, in the shape of `effects`; with ``zip`` its delta.

    Parameters
    ----------
    model : str
        ``hsa``, ``bliss``, ``loewe`` or ``zip``.
    effects : ndarray, shape (drug, partner) or (drug, partner, draw)
        Shares affected.
    drug, partner : ndarray, shape (drug,), (partner,)
        Concentrations or doses, rising from 0.

    Raises
    ------
    InputError
        For a model of another name or a matrix that has no single agents.
    """
    if model not in NULL_MODELS:
        raise InputError(Issue(f'no null model is called "{model}"', expected=", ".join(NULL_MODELS)))
    seen = zip_fitted(effects, drug, partner) if model == "zip" else effects
    return np.asarray(seen - NULL_MODELS[model](effects, drug, partner))


def check_matrix(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> None:
    """Raise an InputError for a matrix without single agents, or one that does not fit its concentrations."""
    if effects.ndim not in (2, 3) or effects.shape[:2] != (len(drug), len(partner)):
        problem = f"a matrix of shape {effects.shape} for {len(drug)} and {len(partner)} concentrations"
        raise InputError(Issue(problem, expected="one row for each of the drug, one column for each of the partner"))
    for name, levels in (("drug", drug), ("partner", partner)):
        if len(levels) < 2 or levels[0] != 0 or not np.isfinite(levels).all() or np.any(np.diff(levels) <= 0):
            problem = f"the concentrations of the {name} are {', '.join(f'{level:g}' for level in levels)}"
            raise InputError(Issue(problem, expected="0 first, which is the other drug alone, and then rising"))


def _single(effects: np.ndarray, drug: np.ndarray, partner: np.ndarray) -> tuple[np.ndarray, Hill, Hill]:
    """Return the matrix with its draws, and the curves of the single agents, whose arrays have the shape (1, 1, draw)."""
    check_matrix(effects, drug, partner)
    values = effects.reshape(len(drug), len(partner), -1)
    first, second = fit_hill(drug[1:], values[1:, 0]), fit_hill(partner[1:], values[0, 1:])
    return values, _wide(first), _wide(second)


def _wide(curves: Hill) -> Hill:
    return Hill(*(one[None, None, :] for one in (curves.floor, curves.top, curves.half, curves.steep)))


def _spent(given: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return given / needed; nothing where nothing is given, whatever is needed."""
    return np.asarray(np.where(given == 0, 0.0, given / needed))
