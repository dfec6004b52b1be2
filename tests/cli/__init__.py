"""The `parcours` command."""
