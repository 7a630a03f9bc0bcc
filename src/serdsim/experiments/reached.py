"""Concentrations that patients reach under a usual regimen, free and as nominal concentrations of a medium with the same free drug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from serdsim.dosing.regimen import Regimen, format_regimen, parse_regimen
from serdsim.engine.ensemble import run_job
from serdsim.errors import InputError, Issue, ModelError
from serdsim.model.library import load
from serdsim.model.recipe import read_recipe, slot_of
from serdsim.simulation.draws import Draws, given_values
from serdsim.simulation.host_times import ends
from serdsim.simulation.prepared import prepare
from serdsim.yaml_file import read_yaml

FILE = "reached.yaml"
_FIELDS = ("draws", "seed", "regimens")
_EXPOSURE, _TISSUE, _DISH = "pk_human", "patient", "cell"
_SERUM = "serum_fraction"


@dataclass(frozen=True)
class Reached:
    """Free drug over the last dosing interval of a usual regimen, each of shape (draw,) [nM].

    `lowest`, `mean` and `highest` are free; `per_nominal` is the free share in the medium of a dish, so that free / per_nominal is the
    nominal concentration that has it.
    """

    drug: str
    regimen: str
    lowest: np.ndarray
    mean: np.ndarray
    highest: np.ndarray
    per_nominal: np.ndarray

    def nominal(self, what: str) -> np.ndarray:
        """Return ``lowest``, ``mean`` or ``highest`` as nominal concentration of the medium, shape (draw,)."""
        return np.asarray(getattr(self, what) / self.per_nominal)


def usual_regimens(library: Path) -> tuple[int, int, Mapping[str, Regimen]]:
    """Return draws, seed and the usual regimen of each drug that the file of a library names; none where it has no file.

    Raises
    ------
    ModelError
        For a broken file.
    """
    path = library / FILE
    if not path.is_file():
        return 0, 0, {}
    record = read_yaml(path, FILE, ModelError, ", ".join(_FIELDS))
    record.require(*_FIELDS)
    found: dict[str, Regimen] = {}
    for entry in record["regimens"].each(least=1):
        entry.require("drug", "regimen")
        drug, text = entry["drug"].text(), entry["regimen"].text()
        found[drug] = entry["regimen"].placed(partial(parse_regimen, text))
        if found[drug].drugs != (drug,):
            raise entry["regimen"].wrong("the regimen gives another drug", f"doses of {drug} alone", "Correct the drug or the regimen")
    return record["draws"].whole(2), record["seed"].whole(0), found


def reached(drug: str, library: Path, given: Mapping[str, float] | None = None) -> Reached | None:
    """Return what patients reach of a drug; None for one that the file names no regimen of.

    Parameters
    ----------
    drug : str
    library : Path
    given : mapping, optional
        Numbers of the dish that are not those of the tables, such as its share of serum.

    Raises
    ------
    InputError
        For individuals that cannot be computed.
    """
    return _reached(drug, library, (given or {}).get(_SERUM))


@lru_cache(maxsize=32)
def _reached(drug: str, library: Path, serum: float | None) -> Reached | None:
    count, seed, regimens = usual_regimens(library)
    if drug not in regimens:
        return None
    draws, place = Draws(count, seed), slot_of(drug, read_recipe(_DISH, library), library)
    plasma = (f"{place}_plasma", *(("partner_m1", "partner_m2") if place == "partner" else ()))
    ready = prepare(_EXPOSURE, regimens[drug], draws=count, seed=seed, outputs=list(plasma), library=library)
    arrays = run_job(ready.job)
    if np.any(arrays.status != "ok"):
        words = next(text for text in arrays.message if text)
        raise InputError(Issue(f"{format_regimen(regimens[drug])}: {words}", file=FILE, expected="a run that ends well"))
    shares = (f"fu_plasma_{place}", *(("fu_m1_partner", "fu_m2_partner") if place == "partner" else ()))
    tissue = given_values(load(_TISSUE, library=library, **{place: drug}), shares, draws)
    start, end = ends(ready.doses, drug, float(ready.times[-1]))[-1]
    last = (ready.times >= start) & (ready.times <= end)
    free = np.sum(arrays.values[:, last] * tissue[:, None, :], axis=0)
    own, serum_share = given_values(load(_DISH, library=library, **{place: drug}), (f"fu_plasma_{place}", _SERUM), draws)
    diluted = serum_share if serum is None else np.full(count, serum)
    mean = np.trapezoid(free, ready.times[last], axis=0) / (end - start)
    per_nominal = 1.0 / (1.0 + diluted * (1.0 / own - 1.0))
    return Reached(drug, format_regimen(regimens[drug]), free.min(axis=0), mean, free.max(axis=0), per_nominal)
