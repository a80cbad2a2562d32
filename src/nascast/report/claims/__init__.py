"""The page of a ledger of claims."""
