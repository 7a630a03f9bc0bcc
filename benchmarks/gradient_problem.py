"""The gradient problem: data for four outputs of the cell model, and 20 parameters that a fit would move."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.own_problems import INTERVAL_H, cell, normals
from benchmarks.plans import plan_of
from benchmarks.problem import Problem, lognormal
from benchmarks.starts import Starts
from serdsim.engine.native import run_native
from serdsim.engine.plan import Plan
from serdsim.model.sbml import read_sbml

PARAMETERS = (
    "k_perm_drug", "k_on_drug", "Kd_drug", "Kd_E2", "k_syn_er", "k_imp_apo", "k_deg_cyt_apo", "k_deg_nuc_apo", "k_deg_nuc_drug",
    "k_mPGR", "k_PR", "K_PGR", "k_mGREB1", "K_GREB1", "K_CCND1", "k_CycD1", "k_Rb_on", "k_G1S", "k_Q_in", "k_death",
)  # fmt: skip
OUTPUTS = ("er_total", "PR", "mGREB1", "live")
TIMES = (6.0, 18.0, 36.0, 60.0, 108.0, 180.0, 348.0, 660.0)  # h; none is the time of a dose
SIGMA = 0.2  # of the natural logarithm
COURSES = {"one dose": 28, "weekly doses": 7, "daily doses": 1}
_DAYS = 28
_DATA_RTOL = 1e-9


@dataclass(frozen=True)
class FitProblem(Problem):
    """A problem whose answer is a gradient.

    The objective is half the sum of squares of ln(y / data) / SIGMA over `OUTPUTS` and `times`; the gradient is by the natural
    logarithms of `parameters`.

    Attributes
    ----------
    data : ndarray, shape (output, time)
    """

    data: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))

    @property
    def key(self) -> str:
        """Hash of everything that the gradient depends on."""
        digest = hashlib.sha256(f"{super().key} {OUTPUTS} {SIGMA}".encode())
        digest.update(np.ascontiguousarray(self.data).tobytes())
        return digest.hexdigest()[:16]

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return the residuals of outputs; both have the shape (output, time, individual)."""
        return np.asarray(np.log(values / self.data[:, :, None]) / SIGMA)


def gradient_problem(course: str, individuals: int, cv: float = 0.3) -> FitProblem:
    """Return the cell model over 28 days with drug added once, weekly or daily, and data of the shipped values with noise."""
    whole = cell(_DAYS, 1, once=False)
    model = read_sbml(whole.sbml)
    nominal = np.array([model.parameters[id].value for id in PARAMETERS], float)
    z = np.stack([normals(id, individuals) for id in PARAMETERS], axis=1)
    problem = FitProblem(
        name=f"{course}, {_DAYS} days",
        sbml=whole.sbml,
        parameters=PARAMETERS,
        draws=nominal[None],
        doses=tuple(dose for dose in whole.doses if round(dose.time / INTERVAL_H) % COURSES[course] == 0),
        times=np.array(TIMES),
        states=whole.states,
        kinds=whole.kinds,
        atol=np.zeros(1),
        scale=np.ones(len(whole.states)),
    )
    starts = Starts(problem)
    wide = replace(plan_of(problem, starts, _DATA_RTOL), outputs=(*problem.states, *OUTPUTS))
    values = run_native(starts.equations, wide).values[:, :, 0]
    noise = np.stack([normals(f"data of {id}", len(TIMES)) for id in OUTPUTS])
    data = values[len(problem.states) :] * np.exp(SIGMA * noise)
    scale = np.abs(values[: len(problem.states)]).max(axis=1)
    return replace(problem, draws=lognormal(nominal, cv, z), data=data, scale=scale)


def observed(problem: FitProblem, starts: Starts, rtol: float) -> Plan:
    """Return the plan whose outputs are those of the data."""
    return replace(plan_of(problem, starts, rtol), outputs=OUTPUTS)
