"""The one verb: a model, a regimen and individuals in, a labelled Dataset out."""

from serdsim.simulate.draws import Draws, draw, given_values

__all__ = ["Draws", "draw", "given_values"]
