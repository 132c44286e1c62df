"""Features and images → numbers."""
