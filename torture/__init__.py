"""Real damage to runs and files, more than the test suite has time for."""
