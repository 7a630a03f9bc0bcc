"""Runs: their identity, their folders, their labelled data."""
