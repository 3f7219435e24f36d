"""Telling people what happened: notices from events, in their language, by the channels they chose, with receipts."""
