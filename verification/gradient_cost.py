"""What sensitivities cost: 20 parameters of the cell model over 28 days of daily doses, in plain simulations of the same engine."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from serdsim.codegen.equations import derive
from serdsim.engine.native import run_native
from serdsim.engine.native_sensitivity import run_native_sensitivities
from serdsim.engine.plan import Plan, Schedule
from serdsim.model.library import load

_PARAMETERS, _INDIVIDUALS, _DAYS, _ROUNDS = 20, 64, 28, 15


def best(run: Callable[[], object]) -> float:
    """Return the shortest time of a call, after one that builds the code [s]."""
    run()
    times = []
    for _ in range(_ROUNDS):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    cell = load("cell")
    equations = derive(cell)
    values = np.array([[cell.quantity(id).value] for id in equations.given], float)
    values = values * np.exp(0.3 * np.random.default_rng(1).standard_normal((len(values), _INDIVIDUALS)))
    parameters = [id for id in equations.given if id.startswith(("k_", "Kd", "K_", "s_", "r_"))][:_PARAMETERS]
    days = [24.0 * day for day in range(_DAYS)]
    doses = Schedule.shared(days, ["add"] * _DAYS, ["drug_medium"] * _DAYS, np.full((_DAYS, _INDIVIDUALS), 100.0))
    times = np.array([*days, 24.0 * _DAYS])
    plan = Plan(values, times, ("er_total", "PR", "g1"), schedule=doses, rtol=1e-5, atol=1e-9)
    plain, both = best(lambda: run_native(equations, plan)), best(lambda: run_native_sensitivities(equations, plan, parameters))
    shape = f"{len(parameters)} parameters, {_DAYS} days, {_INDIVIDUALS} individuals"
    each = 1e3 / _INDIVIDUALS
    print(f"{shape}: {plain * each:.2f} ms plain, {both * each:.2f} ms with sensitivities, each: {both / plain:.1f} plain simulations")


if __name__ == "__main__":
    main()
