"""Plan -> arrays. The reference engine is CVODE, one individual at a time."""
