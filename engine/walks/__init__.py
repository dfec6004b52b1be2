"""Scripted walks: a pathway played like a piece of theatre on a virtual clock, against the real engine and a real database."""
