"""What the fitted numbers of a host owe to numbers that its fit holds: every other row with a width that its experiments read.

`beside` finds those rows, `widened` makes each a parameter of the problem, `slopes` gives the slope of every reading by each.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from write_host_problems import Beside, Host, asked, read_host, write

from serdsim.dosing.regimen import Regimen, parse_regimen
from serdsim.fit.differences import Differences
from serdsim.fit.held import scores
from serdsim.fit.problem import Problem
from serdsim.fit.read import read_problem
from serdsim.model.entities import Evidence
from serdsim.model.library_rows import rows_of

OF_DRUGS = ("drugs.tsv", "tissue.tsv", "pk_human.tsv")  # a row of a drug that is not given changes nothing


@dataclass(frozen=True)
class Slopes:
    """Slopes of readings by parameters, each in widths of its reading per e-fold of the number or the odds; shape (parameter, reading).

    `pull` is the slope of the log-likelihood by each parameter.
    """

    names: tuple[str, ...]
    weighed: np.ndarray
    pull: np.ndarray


def read_rows(host: Host) -> dict[str, tuple[Evidence, float]]:
    """Return every row with a width that an experiment of the spec reads, with its value."""
    drugs = {row.text("drug") for table in OF_DRUGS for row in rows_of(host.library / table, "drug")} - {"estradiol"}
    found: dict[str, tuple[Evidence, float]] = {}
    for one in host.spec["experiments"]:
        regimen = parse_regimen(one["regimen"]) if one["regimen"] else Regimen()
        model = asked(host, one, regimen).model
        for id, evidence in model.evidence.items():
            value, absent = model.quantity(id).value, drugs.difference(regimen.drugs)
            held = evidence.distribution == "fixed" or not evidence.prior or not value or id in host.spec["given"]
            if not held and evidence.row.partition(".")[0] not in absent:
                found.setdefault(evidence.row, (evidence, float(value or math.nan)))
    return found


def beside(host: Host) -> tuple[Beside, ...]:
    """Return the rows that the fit of a spec holds at their values although they have a width."""
    return tuple(
        Beside(row, value, float(evidence.prior or math.nan), evidence.distribution == "logitnormal")
        for row, (evidence, value) in read_rows(host).items()
        if row not in host.fills
    )


def widened(path: Path, library: Path) -> tuple[Problem, dict[str, Beside]]:
    """Return the problem of a spec in which all rows that its experiments read are estimated; the rows beside by parameter."""
    more = beside(read_host(path, library))
    with tempfile.TemporaryDirectory() as folder:
        write(path, Path(folder), library, more)
        return read_problem(Path(folder) / f"{path.stem}.yaml", library), {str(one.parameter["id"]): one for one in more}


def slopes(problem: Problem) -> Slopes:
    """Return the slopes of all readings by all estimated parameters at the nominal values, by differences of plain courses.

    Compiled sensitivities by a hundred numbers cost more to compile than all these courses together.
    """
    many = Differences(problem)
    simulated = many.simulated(many.space.vector(problem.nominal)[None])
    _, by_number, by_width, of_number, of_width = scores(problem, simulated)[:, :, 0]
    number, width = simulated.numbers.slope[:, :, 0], simulated.widths.slope[:, :, 0]
    weighed = np.concatenate([number * np.sqrt(of_number), width * np.sqrt(of_width)], axis=1)
    return Slopes(many.space.names, weighed, (number * by_number + width * by_width).sum(axis=1))
