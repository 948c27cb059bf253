"""Whether the database lets us do our work, and no more than that."""

from domain.db import Connection


class WrongRole(Exception):
    """This role could pass by row-level security: nothing is served as it."""


async def check_role(conn: Connection) -> None:
    """Raises WrongRole as superuser, with BYPASSRLS, as owner of a table, or able to become one."""
    sql = """
        SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (
                   SELECT FROM pg_class c
                    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                      AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS wrong
          FROM pg_roles r WHERE r.rolname = current_user
    """
    if await conn.fetchval(sql):
        raise WrongRole("Connect as medverka_api, which owns nothing.")
