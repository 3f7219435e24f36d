"""Supply points, meters, readings, and what was used."""
