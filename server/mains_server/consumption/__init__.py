"""What was used, shown to people: by hour, day, month and year, compared and explained."""
