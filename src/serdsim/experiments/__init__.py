"""In-silico experiments as data, and their readings."""
