"""Alembic executes this file; `schema.migrate` has opened the connection and the transaction."""

from alembic import context

from noodle_ray.core.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
