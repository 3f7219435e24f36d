"""Levelled payment: plans by which contracts pay the same every month and are settled about once a year."""
