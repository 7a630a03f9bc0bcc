"""Equations -> kernel: derivatives, order of assignments, printing of code."""
