"""The `parcours` command: the one place where web and worker are put together."""
