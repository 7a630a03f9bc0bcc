"""PEtab problems: read, checked, simulated, scored at given parameters, fitted, and written."""

from serdsim.fit.objective import Evaluation, Objective, evaluate
from serdsim.fit.problem import Problem
from serdsim.fit.read import ProblemError, check_problem, read_problem
from serdsim.fit.search import Fit, fit_problem
from serdsim.fit.write import write_problem

__all__ = [
    "Evaluation",
    "Fit",
    "Objective",
    "Problem",
    "ProblemError",
    "check_problem",
    "evaluate",
    "fit_problem",
    "read_problem",
    "write_problem",
]
