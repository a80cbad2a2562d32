"""The nouns: values and abstractions on which everything else stands."""
