"""Images → numbers, each number with its protocol."""
