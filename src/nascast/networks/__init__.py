"""PyTorch modules from which search spaces build networks."""
