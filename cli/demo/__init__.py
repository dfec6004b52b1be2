"""The fictitious territory: who lives and works there, and cases played through the real engine."""
