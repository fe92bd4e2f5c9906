"""Tests of the pure underwriting core."""
