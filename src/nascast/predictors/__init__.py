"""Performance predictors, one file for each, in a folder for each family."""
