"""One small app in each of the frameworks that `recorder.attach` takes, chosen by ``FRAMEWORK``."""

from __future__ import annotations

import os
from typing import Any

import recorder
from e2e.web.calls import log

PAGE = """<!doctype html><html lang="en"><head><title>Echo</title></head><body>
<label>Text <input id="text"></label><button>Echo</button><output></output>
<script>
document.querySelector("button").onclick = async () => {
  const body = JSON.stringify({ text: document.querySelector("#text").value });
  const answer = await fetch("/api/echo", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  document.querySelector("output").textContent = (await answer.json()).text;
};
</script></body></html>"""


def echoed(given: dict[str, Any]) -> dict[str, Any]:
    log("echo", text=given["text"])
    return {"text": given["text"].upper()}


def fastapi() -> Any:
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse

    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(lambda: PAGE)

    @app.post("/api/echo")
    def echo(given: dict[str, str]) -> dict[str, Any]:
        return echoed(given)

    return app


def starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def echo(request: Any) -> JSONResponse:
        return JSONResponse(echoed(await request.json()))

    page = Route("/", lambda request: HTMLResponse(PAGE))
    return Starlette(routes=[page, Route("/api/echo", echo, methods=["POST"])])


def quart() -> Any:
    from quart import Quart, request

    app = Quart("attached")

    @app.get("/")
    async def page() -> str:
        return PAGE

    @app.post("/api/echo")
    async def echo() -> dict[str, Any]:
        return echoed(await request.get_json())

    return app


def litestar() -> Any:
    from litestar import Litestar, MediaType, get, post

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def page() -> str:
        return PAGE

    @post("/api/echo", sync_to_thread=False)
    def echo(data: dict[str, str]) -> dict[str, Any]:
        return echoed(data)

    return Litestar([page, echo])


def flask() -> Any:
    from flask import Flask, request

    app = Flask("attached")
    app.add_url_rule("/", "page", lambda: PAGE)
    app.add_url_rule("/api/echo", "echo", lambda: echoed(request.get_json()), methods=["POST"])
    return app


def django_urls() -> None:
    import json

    import django
    from django.conf import settings
    from django.http import HttpResponse, JsonResponse
    from django.urls import path

    global urlpatterns
    settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"])
    django.setup()
    urlpatterns = [
        path("", lambda request: HttpResponse(PAGE)),
        path("api/echo", lambda request: JsonResponse(echoed(json.loads(request.body)))),
    ]


urlpatterns: list[Any] = []


def django_asgi() -> Any:
    from django.core.asgi import get_asgi_application

    django_urls()
    return get_asgi_application()


def django_wsgi() -> Any:
    from django.core.wsgi import get_wsgi_application

    django_urls()
    return get_wsgi_application()


FRAMEWORKS = {
    "fastapi": fastapi,
    "starlette": starlette,
    "quart": quart,
    "litestar": litestar,
    "flask": flask,
    "django-asgi": django_asgi,
    "django-wsgi": django_wsgi,
}

if name := os.environ.get("FRAMEWORK"):
    session, config = os.environ["APP_FOLDER"] + "/session.json", os.environ.get("CONFIG")
    app = recorder.attach(FRAMEWORKS[name](), output=session, config=config)
