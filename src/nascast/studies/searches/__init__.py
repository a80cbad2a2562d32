"""The search study: strategies × seeds, on a benchmark or by training children."""
