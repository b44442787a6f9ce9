"""Read any ledger that a public body publishes, and account for every row of it."""
