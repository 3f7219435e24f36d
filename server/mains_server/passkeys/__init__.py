"""Signing in with passkeys: keys that a device or a password keeper holds, made for our pages alone."""
