"""What executes models: one interface, an engine per family of files."""
