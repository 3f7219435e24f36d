"""Engine, unit of work, column kinds, outbox and migrations."""
