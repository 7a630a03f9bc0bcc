"""Arrays -> labelled Dataset. Labels, units, sources and provenance are put on here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from serdsim.engine.plan import Arrays
from serdsim.model.entities import Model


def label(
    arrays: Arrays, model: Model, outputs: Sequence[str], times: Sequence[float], time_unit: str, attributes: Mapping[str, object]
) -> xr.Dataset:
    """Return a Dataset with the dims `individual` and `time`.

    Parameters
    ----------
    arrays : Arrays
        Values of shape (output, time, individual).
    time_unit : str
        Unit of `times`.
    attributes : mapping
        Provenance: run, seed, model hash, regimen, versions.

    Returns
    -------
    xarray.Dataset
        One variable per output with the attributes `units` and `sources`, the status per individual and its message.
    """
    sources = "; ".join(sorted({key for entry in model.evidence.values() for key in entry.source}))
    data: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {
        id: (("individual", "time"), arrays.values[i].T, {"units": unit_of(model, id), "sources": sources}) for i, id in enumerate(outputs)
    }
    data["status"] = (("individual",), arrays.status.astype(str), {"units": "", "long_name": "how the integration of the individual ended"})
    data["message"] = (("individual",), np.array(arrays.message, dtype=str), {"units": ""})
    coordinates = {
        "individual": ("individual", np.arange(arrays.values.shape[2])),
        "time": ("time", np.array(times, float), {"units": time_unit}),
    }
    return xr.Dataset(data, coords=coordinates, attrs={key: value for key, value in attributes.items() if value is not None})


def label_records(
    arrays: Arrays,
    model: Model,
    outputs: Sequence[str],
    times: np.ndarray,
    names: Sequence[str],
    time_unit: str,
    attributes: Mapping[str, object],
) -> xr.Dataset:
    """Return a Dataset with the dims `individual` and `observation`, for individuals that are observed at times of their own.

    Parameters
    ----------
    times : ndarray, shape (observation, individual)
        Where an individual has fewer observations than others +inf, which becomes NaN, as do the values.
    names : sequence of str
        Of the individuals.
    """
    plain = label(arrays, model, outputs, range(len(times)), time_unit, attributes).rename_dims(time="observation").drop_vars("time")
    own = np.where(np.isfinite(times), times, np.nan).T
    coordinates = {
        "individual": ("individual", np.array(names, dtype=str)),
        "time": (("individual", "observation"), own, {"units": time_unit}),
    }
    return plain.assign_coords(coordinates)


def rows_of(dataset: xr.Dataset) -> pd.DataFrame:
    """Return one row per individual and observation that there is, in the order of the Dataset, with the status."""
    names = [str(name) for name, values in dataset.data_vars.items() if "observation" in values.dims]
    table = dataset[[*names, "status"]].to_dataframe(dim_order=["individual", "observation"]).reset_index()
    table = table.set_index("individual").loc[dataset["individual"].values].reset_index()
    return table.loc[table["time"].notna(), ["individual", "time", *names, "status"]].reset_index(drop=True)


def unit_of(model: Model, id: str) -> str:
    """Return the unit of an output; a species is shown as its concentration unless the model means amounts."""
    if id in model.reactions:
        extent, time = model.units.get("extent"), model.units.get("time")
        return f"{extent}/{time}" if extent and time else "not given"
    if id.startswith("net_flux_"):
        return unit_of(model, next(iter(model.reactions), ""))
    species = model.species.get(id)
    if species is not None and species.initial_amount and not species.only_amount:
        size = model.compartments[species.compartment].unit
        return f"{species.unit}/{size}" if species.unit and size else "not given"
    if id in model.parameters or id in model.species or id in model.compartments:
        return model.quantity(id).unit or "not given"
    return "not given"
