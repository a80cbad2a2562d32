"""Training: recipes, data, the training loop, evaluators that train, models and exports."""
