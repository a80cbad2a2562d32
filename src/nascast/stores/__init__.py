"""Stores, which keep trials, one module for each."""
