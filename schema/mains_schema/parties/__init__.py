"""Who asks and for whom: viewers, customers, sessions, access."""
