"""The page that shows the API description: Swagger UI, served from the installed package.

Nothing is loaded from elsewhere, and no script stands in the page itself, so that a strict
Content-Security-Policy holds.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.status_codes import HTTP_404_NOT_FOUND

PATH = "/docs"
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILES = {
    "/swagger-ui.css": "text/css",
    "/swagger-ui-bundle.js": "text/javascript",
    "/favicon-32x32.png": "image/png",
}
PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Medverka: API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="description"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "/docs/openapi.json", dom_id: "#description", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], syntaxHighlight: false
});
"""


class Page(OpenAPIRenderPlugin):
    """The page, and beside it the few files it needs."""

    def __init__(self) -> None:
        super().__init__(path="/", favicon="", style="")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page's HTML; the description is fetched by its script."""
        del request, openapi_schema
        return PAGE

    def receive_router(self, router: Router) -> None:
        """Add the files to the page's own routes."""
        for path, media_type in FILES.items():
            router.register(_file(path, media_type))
        router.register(start)


def router() -> Router:
    """The page's routes: another policy than the API's, and problem documents as everywhere."""
    return Router(
        PATH,
        route_handlers=[],
        include_in_schema=False,
        response_headers={"Content-Security-Policy": POLICY},
        after_request=_no_page_for_errors,
    )


@get("/start.js", include_in_schema=False, media_type="text/javascript", sync_to_thread=False)
def start() -> bytes:
    """Starts Swagger UI; a script in the page itself would need a weaker policy."""
    return START


def _file(path: str, media_type: str) -> Any:  # noqa: ANN401 - a Litestar handler
    def file() -> bytes:
        return _content(path)

    return get(
        path, name=path, include_in_schema=False, media_type=media_type, sync_to_thread=False,
        cache_control=None, response_headers={"Cache-Control": "max-age=86400"},
    )(file)  # fmt: skip


@cache
def _content(path: str) -> bytes:
    # Found, not imported: the package would load web frameworks to no use.
    found = find_spec("swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise NotFoundException
    return (Path(found.submodule_search_locations[0]) / "static" / path.lstrip("/")).read_bytes()


async def _no_page_for_errors(response: Response[Any]) -> Response[Any]:
    if response.status_code == HTTP_404_NOT_FOUND:
        raise NotFoundException
    return response
