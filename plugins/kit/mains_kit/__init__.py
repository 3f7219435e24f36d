"""Tests a Mains utility adapter. Import every public name from here."""
