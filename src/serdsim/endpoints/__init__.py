"""Endpoints computed from simulated curves."""
