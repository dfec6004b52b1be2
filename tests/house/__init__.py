"""The house itself: its layout, its launcher, its container files, its services for tests."""
