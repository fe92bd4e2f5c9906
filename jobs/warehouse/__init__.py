"""The only door to tables."""
