"""The run: gather, rate, round, book."""
