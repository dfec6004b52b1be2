"""What screens show: one module per screen, frozen rows."""
