"""Reports of a comparison: HTML page, Markdown, JSON, figures, terminal table."""
