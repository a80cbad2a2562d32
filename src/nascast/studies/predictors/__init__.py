"""The predictor study: predictors × budgets × trials on one benchmark."""
