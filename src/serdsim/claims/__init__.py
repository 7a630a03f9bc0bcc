"""Statements as records, their measures, data role and verdict."""
