"""App-Version: an app too old to be trusted with new consents is told so. It may always withdraw."""

import re
from collections.abc import Mapping

from litestar.types import Scope

from domain.errors import Refusal

HEADER = b"app-version"
SHAPE = re.compile(rb"\d{1,6}(\.\d{1,6}){0,3}")


class AppTooOld(Refusal):
    """This version of the app is too old. Withdrawing and erasing still work."""

    status = 426


class AppVersionUnreadable(Refusal):
    """App-Version has a form like 2.14.0."""

    status = 400


def look_over(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
    """Refuse apps below the minimum, but on routes with `opt={"any_version": True}`."""
    given = headers.get(HEADER)
    if given is not None and not scope["route_handler"].opt.get("any_version", False):
        judge(given, scope["litestar_app"].state.settings.minimum_app_version)


def judge(given: bytes, minimum: tuple[int, ...]) -> None:
    """Raises AppTooOld below the minimum; 2.1 and 2.1.0 are the same version."""
    if SHAPE.fullmatch(given) is None:
        raise AppVersionUnreadable
    version = tuple(int(part) for part in given.split(b"."))
    width = max(len(version), len(minimum))
    if version + (0,) * (width - len(version)) < minimum + (0,) * (width - len(minimum)):
        raise AppTooOld(minimum=".".join(map(str, minimum)))
