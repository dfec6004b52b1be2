"""What several test folders stand on: real services, databases, places of the house."""
