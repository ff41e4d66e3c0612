"""The driver API: connect to a platform, turn functions into programs, call models."""
