"""Live updates: subscriptions over WebSocket, fed by what is committed to the outbox."""
