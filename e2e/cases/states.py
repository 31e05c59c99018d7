"""Objects that a page reads, changes and sends back as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Page, expect

from e2e.cases.server import App, refuse

PAGE = """<ul id="list"></ul><label>Note <input id="note"></label><button id="save">Save</button>
<label>Share with <select id="people"><option></option></select></label><button id="share">Share</button>
<button id="copy">Copy</button><button id="remove">Remove the copy</button>
<script>
const $ = (id) => document.getElementById(id), get = async (url) => (await fetch(url)).json();
let issue, copy;
(async () => {
  for (const each of await get("/issues")) {
    const item = document.createElement("li");
    item.textContent = each.title;
    item.onclick = async () => { issue = await get(`/issues/${each.id}`); out.value = `Open ${issue.title}`; };
    $("list").append(item);
  }
  for (const each of await get("/people")) $("people").add(new Option(each.name, each.id));
})();
$("save").onclick = async () => {
  const response = await send("PUT", `/issues/${issue.id}`, { ...issue, note: $("note").value });
  issue = await response.json();
  out.value = `Saved ${issue.note}`;
};
$("share").onclick = async () => {
  const members = { ...issue.members, [$("people").value]: "reader" };
  const patch = [{ op: "test", path: "/version", value: issue.version }, { op: "replace", path: "/members", value: members }];
  out.value = (await send("PATCH", `/issues/${issue.id}`, patch)).ok ? "Shared" : "Refused";
};
$("copy").onclick = async () => {
  copy = (await send("POST", `/issues/${issue.id}/copy`, {})).headers.get("Entity-Id");
  out.value = "Copied";
};
$("remove").onclick = async () => {
  const requests = [{ method: "DELETE", url: `/issues(${copy})` }];
  out.value = (await send("POST", "/batch", { requests })).ok ? "Removed" : "Refused";
};
</script>"""


def objects_sent_back_whole(app: App) -> None:
    """A page reads an issue, changes a part of it and sends all of it back; adds a member to a map that goes by ids; and
    gives the app an id that was in a header of a response. Later starts have one issue and one member more, and other
    versions: the script sends back what this start holds."""
    app.page(PAGE)
    more = not app.recorded
    people = {app.id(name, "person"): name for name in (["Eve"] if more else []) + ["Ann", "Ben", "Cat"]}
    by_name = {name: id for id, name in people.items()}
    issues: dict[int, dict[str, Any]] = {}
    for place, title in enumerate((["Roof"] if more else []) + ["Door", "Lamp", "Sink"]):
        members = {by_name["Ann"]: "owner", **({by_name["Eve"]: "reader"} if more else {})}
        fields = [{"id": app.number("field"), "name": name, "value": "?"} for name in ("Cost", "Area")]
        number = app.number(title)
        version = (7000 if more else 4200) + place
        issues[number] = {
            "id": number, "title": title, "version": version, "note": "", "fields": fields, "members": members,
        }  # fmt: skip

    def of(request: web.Request) -> dict[str, Any]:
        return issues[int(request.match_info["id"])]

    @app.routes.get("/issues")
    async def listed(_: web.Request) -> web.Response:
        return web.json_response([{"id": id, "title": issue["title"]} for id, issue in issues.items()])

    @app.routes.get("/people")
    async def known(_: web.Request) -> web.Response:
        return web.json_response([{"id": id, "name": name} for id, name in people.items()])

    @app.routes.get("/issues/{id}")
    async def one(request: web.Request) -> web.Response:
        return web.json_response(of(request))

    @app.routes.put("/issues/{id}")
    async def put(request: web.Request) -> web.Response:
        issue, given = of(request), await request.json()
        is_same = {**given, "note": ""} == {**issue, "note": ""}
        app.understood("put", title=issue["title"], note=given["note"], same=is_same)
        issue.update(note=given["note"], version=issue["version"] + 1)
        return web.json_response(issue) if is_same else refuse(409, "it was changed")

    @app.routes.patch("/issues/{id}")
    async def patch(request: web.Request) -> web.Response:
        issue, (test, change) = of(request), await request.json()
        added = {people[id]: role for id, role in change["value"].items() if id not in issue["members"]}
        kept = issue["members"].items() <= change["value"].items()
        app.understood("patch", added=added, kept=kept, current=test["value"] == issue["version"])
        return web.json_response({})

    @app.routes.post("/issues/{id}/copy")
    async def copy(request: web.Request) -> web.Response:
        app.understood("copy", title=of(request)["title"])
        return web.Response(status=204, headers={"Entity-Id": app.id("copy")})

    @app.routes.post("/batch")
    async def batch(request: web.Request) -> web.Response:
        (asked,) = (await request.json())["requests"]
        app.understood("delete", copy=app.name_of(asked["url"].removeprefix("/issues(").removesuffix(")")))
        return web.json_response({})


async def change_an_issue(page: Page, _: Path) -> None:
    out = page.locator("#out")
    await page.locator("li", has_text="Lamp").click()
    await expect(out).to_have_text("Open Lamp")
    await page.get_by_label("Note").fill("call back")
    await page.get_by_role("button", name="Save").click()
    await expect(out).to_have_text("Saved call back")
    await page.get_by_label("Share with").select_option(label="Ben")
    await page.get_by_role("button", name="Share").click()
    await expect(out).to_have_text("Shared")
    await page.get_by_role("button", name="Copy", exact=True).click()
    await expect(out).to_have_text("Copied")
    await page.get_by_role("button", name="Remove the copy").click()
    await expect(out).to_have_text("Removed")
