"""`/v1/responses`, without memory: each request brings its whole conversation, and nothing of it is kept."""
