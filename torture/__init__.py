"""Damage done for real, more of it than a test suite has time for."""
