"""The `parcours` command: the one place that puts the web, the worker and the engine together."""
