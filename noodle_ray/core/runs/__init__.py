"""From a request to an outcome: modules, effects in batches, and the executor that ties them together."""
