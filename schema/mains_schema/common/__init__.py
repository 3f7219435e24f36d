"""What types of several folders share: enums and words, scopes, the desk."""
