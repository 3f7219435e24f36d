"""Series of figures from outside: spot prices, degree days, profiles."""
