"""HTTP besides GraphQL: files that are sent, and messages that gateways bring."""
