"""The one verb: a model, a regimen and individuals in, a labelled Dataset out."""

from serdsim.simulation.draws import Draws, draw, given_values
from serdsim.simulation.named import SimulationResult, simulate_named

__all__ = ["Draws", "SimulationResult", "draw", "given_values", "simulate_named"]
