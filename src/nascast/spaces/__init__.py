"""Search spaces, one file for each."""
