"""Invoices as documents: PDF, e-invoice and spreadsheet, made from a sheet that is written down once."""
