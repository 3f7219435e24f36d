"""A notification channel for trying Mains out, and the server that plays the SMS gateway's side."""
