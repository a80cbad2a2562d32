"""Training networks and making benchmarks by it."""
