"""Several models under one protocol: what is trained, measured and concluded."""
