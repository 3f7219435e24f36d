"""Supply points, buildings and contracts."""
