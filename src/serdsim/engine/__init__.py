"""Plan -> arrays: a compiled engine, its NumPy twin, and CVODE, one individual at a time, which defines what is right."""
