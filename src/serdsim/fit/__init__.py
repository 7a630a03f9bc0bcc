"""PEtab problems: read, checked, simulated, scored at given parameters, and written."""

from serdsim.fit.objective import Evaluation, Objective, evaluate
from serdsim.fit.problem import Problem
from serdsim.fit.read import ProblemError, check_problem, read_problem
from serdsim.fit.write import write_problem

__all__ = ["Evaluation", "Objective", "Problem", "ProblemError", "check_problem", "evaluate", "read_problem", "write_problem"]
