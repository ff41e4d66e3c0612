"""What keeps the platform to its owner: the access token."""
