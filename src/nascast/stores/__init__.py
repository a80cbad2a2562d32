"""Where trials are kept, one file for each store."""
