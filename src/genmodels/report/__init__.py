"""Draw what a comparison holds: page, Markdown, JSON, figures, terminal table."""
