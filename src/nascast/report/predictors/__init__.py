"""The page of a comparison of predictors."""
