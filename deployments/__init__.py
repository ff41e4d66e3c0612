"""The Serve applications. `deployments.platform.build` binds the whole platform; `platform.yaml` configures it."""
