"""The evidence page and its figures: what was asked, what was found, and how it was tested."""
