"""Payment providers for trying Mains out, and the server that plays the provider's side."""
