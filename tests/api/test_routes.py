"""Every route has a guard, or is public on purpose, and says in a line what it is for."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.app import create_app
from api.auth import login, resident, resident_alone, staff
from api.settings import Settings

PUBLIC = {
    "/.well-known/jwks.json", "/health/live", "/health/ready", "/metrics",
    "/problems", "/problems/{name:str}",
    "/v1/me/fhir/metadata", "/v1/measures", "/v1/measures/{measure:str}",
    "/v1/notices/{notice_id:uuid}", "/v1/studies", "/v1/studies/{study_id:uuid}",
}  # fmt: skip
"""Open to everyone, as is the description under /docs."""


@pytest.fixture
def app(offline: Settings) -> Litestar:
    return create_app(offline)


def routes(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/docs"):
            for handler in route.route_handlers:
                if "OPTIONS" not in handler.http_methods:
                    yield route.path, handler


def test_every_route_is_guarded_or_public_on_purpose(app: Litestar) -> None:
    for path, handler in routes(app):
        guards = handler.resolve_guards()
        if path in PUBLIC and "GET" in handler.http_methods:
            assert not guards, path
        else:
            assert len(guards) == 1, (path, handler.http_methods)
    assert {path for path, _ in routes(app)} >= PUBLIC


def test_residents_act_under_me_and_staff_elsewhere(app: Litestar) -> None:
    for path, handler in routes(app):
        for guard in handler.resolve_guards():
            own = path == "/v1/me" or path.startswith("/v1/me/")
            assert guard in ((login, resident, resident_alone) if own else (staff,)), path
    logins = [path for path, handler in routes(app) if login in handler.resolve_guards()]
    assert logins == ["/v1/me"]  # where a resident begins


def test_whoever_is_let_in_comes_through_conn(app: Litestar) -> None:
    """Without it nobody would ask the database who they are: a guard looks at the token alone."""
    for path, handler in routes(app):
        asked = handler.parsed_fn_signature.parameters
        assert not handler.resolve_guards() or "conn" in asked, path


def test_ending_is_never_refused_for_an_old_app(app: Litestar) -> None:
    passing = {path for path, handler in routes(app) if handler.opt.get("any_version")}
    assert passing >= {
        "/v1/me/withdrawals", "/v1/me/withdrawals/preview", "/v1/me/withdrawals/{seq:int}",
        "/v1/me/pauses", "/v1/me/blocks", "/v1/me", "/v1/me/sign-out-everywhere",
        "/v1/me/enrolments/{enrolment_id:uuid}/leave",
    }  # fmt: skip


def test_every_operation_has_a_summary_and_an_id_of_its_own(app: Litestar) -> None:
    described = [h for _, h in routes(app) if h.resolve_include_in_schema()]
    ids = []
    for path, item in (app.openapi_schema.paths or {}).items():
        for method in ("get", "put", "post", "patch", "delete"):
            operation = getattr(item, method)
            if operation is not None:
                assert operation.summary, (method, path)
                assert len(operation.summary) < 100, (method, path)
                ids.append(operation.operation_id)
    assert len(ids) == len(set(ids)) == len(described)
