"""Policies: every number of judgment, one file a version, immutable once used."""
