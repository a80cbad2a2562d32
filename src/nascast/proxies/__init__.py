"""Zero-cost scores of untrained networks, one file for each."""
