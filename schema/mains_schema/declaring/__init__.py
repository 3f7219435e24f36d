"""How types declare what they read, how a declaration is checked, and how resolvers execute it."""
