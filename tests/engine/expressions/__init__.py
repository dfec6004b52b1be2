"""The expression language: its three spellings, its bounds, its agreement with the standard."""
