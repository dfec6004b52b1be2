"""Scripted walks: a pathway played on a virtual clock, against the real engine and a real database."""
