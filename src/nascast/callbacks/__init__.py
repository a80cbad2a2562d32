"""Callbacks, which tell trackers of experiments what happens in runs, one module for each."""
