"""Models on features of learning curves."""
