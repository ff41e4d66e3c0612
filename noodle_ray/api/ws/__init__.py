"""`/v1/ws`: many requests at once over one WebSocket. docs/http.md has the protocol."""
