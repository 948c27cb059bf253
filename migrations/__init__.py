"""The database: its server for one-machine use, its roles, its schema and how it changes.

Numbered `NNNN_name.sql` files, forward only. `schema.sql` is what they add up to, generated.
"""
