"""The Open Inference Protocol, version 2, over HTTP: tensors as JSON or as bytes after it."""
