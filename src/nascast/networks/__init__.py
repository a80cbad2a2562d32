"""PyTorch modules that the spaces build from."""
