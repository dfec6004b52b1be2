"""Ticks and deliveries: wakes the engine when something is due, and carries out what it wrote to the outbox."""
