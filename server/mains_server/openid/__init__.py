"""Signing in with a provider of OpenID Connect, such as an internet bank."""
