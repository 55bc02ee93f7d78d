"""The page ``/docs``: Swagger UI from files of an installed package, nothing from other hosts."""

from collections.abc import Callable
from importlib.resources import files

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>upcracknet: HTTP API</title>
<link rel="stylesheet" href="/docs/ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/ui.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});\n'
"""A file of its own: the content security policy allows no scripts within a page."""

FILES = {"ui.js": ("swagger-ui-bundle.js", "text/javascript"), "ui.css": ("swagger-ui.css", "text/css")}
"""Files of the page: their file in the package, and their media type."""


def add_docs_page(app: FastAPI) -> None:
    """Add the page and its files to an app."""

    @app.get("/docs", include_in_schema=False)
    def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.get("/docs/start.js", include_in_schema=False)
    def start() -> Response:
        return Response(START, media_type="text/javascript")

    for name, (file, kind) in FILES.items():
        content = files("fastapi_offline").joinpath("static", file).read_bytes()
        app.add_api_route(f"/docs/{name}", _answering(content, kind), include_in_schema=False)


def _answering(content: bytes, kind: str) -> Callable[[], Response]:
    def answer() -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "max-age=86400"})

    return answer
