"""The engine meets closed forms at 1e-6."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from little_models import Stop, course

TIMES = tuple(np.linspace(0.0, 24.0, 49))
T = np.array(TIMES)


def near(found: np.ndarray, exact: np.ndarray) -> bool:
    return bool(np.all(np.abs(found - exact) <= 1e-6 * np.maximum(np.abs(exact), 1e-3 * np.max(np.abs(exact)))))


def test_one_compartment_bolus() -> None:
    text = "compartment V = 40; species C in V; C = 0; CL = 5; C -> ; CL*C"
    found = course(text, TIMES, "C", ((0.0, "add", "C", 100.0), (12.0, "add", "C", 50.0)))
    k = 5 / 40
    # T[24] is the time of the second dose: seen after it
    assert near(found, 100 / 40 * np.exp(-k * T) + np.where(T >= 12.0, 50 / 40 * np.exp(-k * (T - 12.0)), 0.0))


def test_one_compartment_infusion_by_stops() -> None:
    text = "compartment V = 40; species C in V; C = 0; CL = 5; R = 0; -> C; R; C -> ; CL*C"
    found = course(text, TIMES, "C", ((0.0, "set", "R", 20.0), (6.0, "set", "R", 0.0)))
    k = 5 / 40
    plateau = 20 / 5 * (1 - np.exp(-k * np.minimum(T, 6.0)))
    assert near(found, plateau * np.exp(-k * np.maximum(T - 6.0, 0.0)))


def test_first_order_absorption() -> None:
    text = "compartment V = 40; species gut = 0; species C in V; C = 0; ka = 1.2; CL = 5; gut -> C; ka*gut; C -> ; CL*C"
    found = course(text, TIMES, "C", ((0.0, "add", "gut", 100.0),))
    k = 5 / 40
    assert near(found, 100 / 40 * 1.2 / (1.2 - k) * (np.exp(-k * T) - np.exp(-1.2 * T)))


def test_repeated_dosing_reaches_the_plateau_of_accumulation() -> None:
    text = "compartment V = 40; species C in V; C = 0; CL = 5; C -> ; CL*C"
    stops: tuple[Stop, ...] = tuple((24.0 * day, "add", "C", 100.0) for day in range(20))
    trough = course(text, (480.0,), "C", stops)[0]
    e = exp(-5 / 40 * 24)
    assert trough == pytest.approx(100 / 40 * e * (1 - e**20) / (1 - e), rel=1e-6)


@pytest.mark.parametrize("ligand", [0.01, 0.7, 5.0, 300.0])
def test_binding_comes_to_the_root_of_the_quadratic(ligand: float) -> None:
    text = f"species R = 2, L = {ligand}, RL = 0; kon = 0.5; Kd = 0.8; R + L -> RL; kon*R*L; RL -> R + L; kon*Kd*RL"
    b = 2 + ligand + 0.8
    assert course(text, (500.0,), "RL")[0] == pytest.approx(2 * 2 * ligand / (b + sqrt(b * b - 4 * 2 * ligand)), rel=1e-6)


def test_turnover_follows_a_step_of_its_loss() -> None:
    text = "species E = 10; kin = 2; kout = 0.2; -> E; kin; E -> ; kout*E"
    found = course(text, TIMES, "E", ((0.0, "set", "kout", 1.0),))
    assert near(found, 2 + 8 * np.exp(-T))


def test_a_chain_of_decays_follows_bateman() -> None:
    a, b = 0.7, 0.2
    text = f"species A = 5, B = 0, C = 0; A -> B; {a}*A; B -> C; {b}*B"
    middle = 5 * a / (b - a) * (np.exp(-a * T) - np.exp(-b * T))
    assert near(course(text, TIMES, "A"), 5 * np.exp(-a * T))
    assert near(course(text, TIMES, "B"), middle)
    assert near(course(text, TIMES, "C"), 5 - 5 * np.exp(-a * T) - middle)


def test_a_growing_compartment_dilutes() -> None:
    text = "compartment V = 2; V' = 0.5; species S in V; S = 3; c = 1; S -> ; c*0"
    assert near(course(text, TIMES, "S"), 6 / (2 + 0.5 * T))


def test_a_rate_rule_of_a_concentration_holds_in_a_compartment_given_by_an_assignment() -> None:
    text = "compartment V; V := 2 + time^2; species S in V; S = 1; S' = -0.1*S"
    assert near(course(text, TIMES, "S"), np.exp(-0.1 * T))


def test_rate_of_reads_the_present_rate_of_a_concentration() -> None:
    text = "compartment V = 2; V' = 0.5; species S in V; S = 3; S -> ; 0.4*S; r := rateOf(S)"
    size = 2 + 0.5 * T
    found = course(text, TIMES, "S", rtol=1e-10)
    assert near(course(text, TIMES, "r", rtol=1e-10), (-0.4 * found - found * 0.5) / size)


def test_a_stiff_system_keeps_its_slow_course() -> None:
    text = "x = 1; y = 0.5; x' = -1e6*(x - y); y' = -0.1*x"
    fast, slow = np.linalg.eigvals(np.array([[-1e6, 1e6], [-0.1, 0.0]]))
    slow, fast = max(slow, fast), min(slow, fast)
    # x = p exp(slow t) + q exp(fast t), with x(0) = 1 and x'(0) = -5e5
    p = (-5e5 - fast) / (slow - fast)
    assert near(course(text, TIMES, "x")[1:], p * np.exp(slow * T[1:]))
