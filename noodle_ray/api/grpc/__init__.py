"""The Open Inference Protocol, version 2, over gRPC. `server` listens; an executor has one."""
