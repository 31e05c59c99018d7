"""The targets for apps with an HTTP API: each writes the requests of a workflow in its own language."""
