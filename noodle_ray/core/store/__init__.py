"""The database: what durable runs and programs leave behind. Start at `store.Store`."""
