"""What people are told: notices, outages, applications."""
