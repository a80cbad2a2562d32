"""File formats of official releases, read by parsers that admit plain data only."""
