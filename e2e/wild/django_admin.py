"""Django's own administration of users and groups, in a project as `startproject` makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, choose

REQUIREMENTS = ("django==5.2.19",)
ACTS = (
    "log in",
    "add a group with two permissions",
    "add a user",
    "fill in the user's details and put them into the group",
    "search for another user and make them inactive",
    "delete a third user by the list's action",
    "rename a group",
)
SECRETS = {"PASSWORD": "correct horse 7"}
START = "/admin/"

MAKE_USERS = """
from django.contrib.auth.models import Group, User
for name in {users}:
    User.objects.create_user(name, first_name=name.title())
for name in {groups}:
    Group.objects.create(name=name)
"""


def start(instance: Instance) -> None:
    instance.run("django-admin", "startproject", "site_", ".")
    instance.run("python", "manage.py", "migrate", "-v", "0")
    env = {"DJANGO_SUPERUSER_PASSWORD": SECRETS["PASSWORD"], "DJANGO_SUPERUSER_EMAIL": "a@example.org"}
    instance.run("python", "manage.py", "createsuperuser", "--noinput", "--username", "admin", **env)
    make(instance, ["ben", "cora", "dave"], ["Readers", "Writers"])
    instance.serve("python", "manage.py", "runserver", "--noreload", str(instance.port))


def make(instance: Instance, users: list[str], groups: list[str]) -> None:
    instance.run("python", "manage.py", "shell", "-c", MAKE_USERS.format(users=users, groups=groups))


def more(instance: Instance) -> None:
    make(instance, ["abel"], ["Authors"])


def drive(page: Page, folder: Path) -> None:
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(SECRETS["PASSWORD"])
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("row", name="Groups").get_by_role("link", name="Add").first.click()
    page.get_by_label("Name:").fill("Editors")
    for permission in ("Can add user", "Can view user"):
        page.get_by_role("option", name=permission).dblclick()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()

    page.get_by_role("link", name="Users", exact=True).first.click()
    page.get_by_role("link", name="Add user").click()
    page.get_by_label("Username:").fill("erin")
    page.get_by_label("Disabled", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_label("First name:").fill("Erin")
    page.get_by_label("Last name:").fill("O'Neill <3")
    page.get_by_label("Email address:").fill("erin@example.org")
    page.get_by_role("option", name="Editors").dblclick()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name="erin@example.org")).to_be_visible()

    page.get_by_role("textbox", name="Search").fill("cora")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="cora", exact=True).click()
    page.get_by_label("Active", exact=True).uncheck()
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("link", name="Users", exact=True).first.click()
    page.get_by_role("row", name="dave").get_by_role("checkbox").check()
    choose(page.get_by_label("Action:"), "Delete")
    page.get_by_role("button", name="Go", exact=True).click()
    page.get_by_role("button", name="sure").click()
    expect(page.get_by_text("Successfully deleted")).to_be_visible()

    page.get_by_role("link", name="Groups", exact=True).first.click()
    page.get_by_role("link", name="Writers", exact=True).click()
    page.get_by_label("Name:").fill("Authors of notes")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Authors of notes").first).to_be_visible()


def state(instance: Instance) -> dict[str, Any]:
    users = instance.rows(
        "db.sqlite3",
        "select username, first_name, last_name, email, is_active, is_staff, (select group_concat(g.name)"
        " from auth_user_groups ug join auth_group g on g.id = group_id where user_id = auth_user.id)"
        " from auth_user order by username",
    )
    groups = instance.rows(
        "db.sqlite3",
        "select name, (select group_concat(codename) from (select codename from auth_group_permissions gp"
        " join auth_permission p on p.id = permission_id where group_id = auth_group.id order by codename))"
        " from auth_group order by name",
    )
    return {"users": users, "groups": groups}
