"""The verbs in a browser: a local server, its pages and the search over the library."""
