"""What smart meters send: consumption by hour and by quarter of an hour."""
