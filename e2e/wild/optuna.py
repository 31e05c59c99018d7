"""Optuna Dashboard: a React front end on JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, press, settle

REQUIREMENTS = ("optuna-dashboard==0.21.0", "optuna==4.5.0")
ACTS = (
    "create a study",
    "open it",
    "write a note",
    "delete an older study",
    "open another older one",
    "write a note there",
)


MAKE = """
import optuna
for name in {names}:
    study = optuna.create_study(storage="sqlite:///studies.db", study_name=name)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
"""


def start(instance: Instance) -> None:
    make(instance, "alpha", "beta")
    instance.serve("optuna-dashboard", "sqlite:///studies.db", "--port", instance.port)


def make(instance: Instance, *names: str) -> None:
    instance.run("python", "-c", MAKE.format(names=names))


def more(instance: Instance) -> None:
    for study in httpx.get(instance.url + "/api/studies").json()["study_summaries"]:
        httpx.request("DELETE", f"{instance.url}/api/studies/{study['study_id']}", json={}).raise_for_status()
    make(instance, "aaa", "alpha", "beta")


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_label("Study name").fill("gamma ray")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    write_note(page, "gamma ray", "# Why\nTo see *more*.")

    beta = page.get_by_role("link", name="beta Direction")
    beta.locator("xpath=following::button[2]").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes", exact=True).click()
    expect(beta).to_have_count(0)

    write_note(page, "alpha", "Too slow.")


def write_note(page: Page, study: str, text: str) -> None:
    page.get_by_role("link", name=f"{study} Direction").click()
    page.get_by_role("link", name="Note").click()
    page.get_by_role("heading", name="Note").locator("xpath=following::button[1]").click()
    page.get_by_role("textbox").first.fill(text)
    press(page.get_by_role("button", name="Save", exact=True))
    settle(page)
    press(page.get_by_role("button", name="Close", exact=True))
    page.get_by_role("button", name="Discard", exact=True).click()
    page.get_by_role("link", name="Return to the top page").click()


def state(instance: Instance) -> dict[str, Any]:
    studies = instance.rows(
        "studies.db",
        "select study_name, (select count(*) from trials t where t.study_id = s.study_id),"
        " (select group_concat(value_json) from study_system_attributes a where a.study_id = s.study_id"
        " and key like '%note_str%') from studies s order by study_name",
    )
    return {"studies": studies}
