"""The parties to contracts."""
