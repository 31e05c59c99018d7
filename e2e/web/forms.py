"""Django: pages that the server writes, with forms, its own guard against forged requests, a session cookie, and the
admin."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import django
from django.conf import settings

FOLDER = Path(os.environ["APP_FOLDER"])
FIRST = 1000 + secrets.randbelow(9000)
DATABASE = FOLDER / f"{secrets.token_hex(6)}.sqlite3"

settings.configure(
    DEBUG=False,
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="e2e.web.forms",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATABASE)}},
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
    ],
    STATIC_URL="/static/",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    LOGIN_URL="/login/",
    LOGIN_REDIRECT_URL="/notes/",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.models import Group, User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.shortcuts import redirect  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402

from e2e.web.calls import log  # noqa: E402

notes: dict[int, dict[str, Any]] = {}
numbers: dict[int, int] = {}

PAGE = """<!doctype html><html lang="en"><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
{% if form %}<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>{% endif %}
{% if new %}<form method="post" action="/notes/" enctype="multipart/form-data">{% csrf_token %}
<label>Text <input name="text"></label> <label>Colour <select name="colour"><option>red<option>blue</select></label>
<label><input type="checkbox" name="pinned"> Pinned</label> <label>File <input type="file" name="file"></label>
<button>Add note</button></form>
<form action="/notes/"><label>Find <input name="q"></label><button>Search</button></form>{% endif %}
{% for note in notes %}<p><a href="/notes/{{ note.id }}/">{{ note.text }}</a></p>{% endfor %}
{% if note %}<form method="post" action="/notes/{{ note.id }}/delete/">{% csrf_token %}<button>Delete</button></form>
<button id="star">Star</button><output></output><script>
const csrf_token = "{{ csrf_token }}";
document.querySelector("#star").onclick = async () => {
  const answer = await fetch("/notes/{{ note.id }}/star/", { method: "POST", headers: { "X-CSRFToken": csrf_token } });
  document.querySelector("output").textContent = (await answer.json()).stars;
};
</script>{% endif %}</body></html>"""


def shown(request: HttpRequest, **about: Any) -> HttpResponse:
    get_token(request)
    return HttpResponse(engines["django"].from_string(PAGE).render(about, request))


class Login(LoginView):
    def render_to_response(self, context: Any, **_: Any) -> HttpResponse:  # type: ignore[override]
        return shown(self.request, title="Log in", form=context["form"])

    def form_valid(self, form: Any) -> HttpResponse:
        log("login", user=form.get_user().username)
        return super().form_valid(form)


@login_required
def index(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        id = FIRST + len(numbers)
        numbers[id] = len(numbers)
        given = {name: request.POST.get(name) for name in ("text", "colour", "pinned")}
        file = request.FILES.get("file")
        content = file.read().decode() if file else None
        log("create", **given, file=file.name if file else None, content=content)
        notes[id] = {"id": id, **given}
        return redirect(f"/notes/{id}/")
    find = request.GET.get("q", "")
    log("list", q=find)
    found = [note for note in notes.values() if find in note["text"]]
    return shown(request, title="Notes", new=True, notes=found)


@login_required
def one(request: HttpRequest, id: int) -> HttpResponse:
    log("read", note=numbers[id])
    return shown(request, title=notes[id]["text"], note=notes[id])


@login_required
def delete(request: HttpRequest, id: int) -> HttpResponse:
    log("delete", note=numbers[id])
    del notes[id]
    return redirect("/notes/")


@login_required
def star(request: HttpRequest, id: int) -> HttpResponse:
    log("star", note=numbers[id], origin=request.headers.get("origin") == f"http://{request.get_host()}")
    return JsonResponse({"stars": 1})


class Logged(admin.ModelAdmin):
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        log("admin saves", model=type(obj).__name__, name=str(obj), change=change)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        log("admin deletes", model=type(obj).__name__, name=str(obj))
        super().delete_model(request, obj)


admin.site.unregister(Group)
admin.site.register(Group, Logged)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", Login.as_view()),
    path("notes/", index),
    path("notes/<int:id>/", one),
    path("notes/<int:id>/delete/", delete),
    path("notes/<int:id>/star/", star),
]

call_command("migrate", verbosity=0)
User.objects.create_superuser("ann", "", "open sesame")
for number in range(secrets.randbelow(5)):
    # So that ids differ from run to run.
    Group.objects.create(name=str(number)).delete()

app = ASGIStaticFilesHandler(get_asgi_application())
