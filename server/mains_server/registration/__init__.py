"""Registering for customers' accounts."""
