"""Decision tables: reading, deciding, checking."""
