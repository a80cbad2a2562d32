"""Reports: results as tables, figures and a page."""
