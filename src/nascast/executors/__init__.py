"""Executors, which run evaluations, one module for each."""
