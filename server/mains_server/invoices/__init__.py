"""Issued invoices, their lines and numbers."""
