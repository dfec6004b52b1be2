"""The one writer of a case: what a step needs is loaded and locked here, what it did is written here."""
