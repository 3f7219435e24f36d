"""The double-entry ledger: post(), sums to zero."""
