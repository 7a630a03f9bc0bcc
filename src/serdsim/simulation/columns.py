"""What the columns of a run's trajectories are: a title and a unit for each."""

from __future__ import annotations

import pandas as pd

from serdsim.model.outputs import Label
from serdsim.results.dataset import unit_of
from serdsim.simulation.prepared import Prepared


def label_of(ready: Prepared, id: str) -> Label:
    """Return what an output is called; what the library does not name keeps its id."""
    return ready.names.labels.get(id) or Label(id, id, unit_of(ready.question.model, id))


def columns_table(ready: Prepared) -> pd.DataFrame:
    """Return name, title and unit of each column of the trajectories."""
    lesions = ready.job.lesions
    which = {"lesion": ": " + ", ".join(f"{i} {one.name}" for i, one in enumerate(lesions.each))} if lesions else {}
    rows = [(name, f"number of the {name}{which.get(name, '')}", "") for name in ("individual", *ready.job.who(range(1)))]
    rows.append(("time", "time since 0 h", "h" if ready.question.time_unit != "not given" else "not given"))
    rows += [(id, label_of(ready, id).title, label_of(ready, id).unit) for id in ready.question.outputs]
    rows.append(("status", "how the integration of the individual ended", ""))
    return pd.DataFrame(rows, columns=["column", "title", "unit"])
