"""Published programs over HTTP: names, versions, aliases, and what a new version would change."""
