"""Optuna Dashboard: a React front end on JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, press, settle

REQUIREMENTS = ("optuna-dashboard==0.21.0", "optuna==4.5.0")
ACTS = (
    "create a study",
    "open it",
    "write a note",
    "delete an older study",
    "rename another",
    "open that and look at its trials",
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
    make(instance, "aaa")


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_label("Study name").fill("gamma ray")
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("link", name="gamma ray").click()
    page.get_by_role("link", name="Note").click()
    page.get_by_role("heading", name="Note").locator("xpath=following::button[1]").click()
    page.get_by_role("textbox").first.fill("# Why\nTo see *more*.")
    press(page.get_by_role("button", name="Save", exact=True))
    settle(page)
    press(page.get_by_role("button", name="Close", exact=True))
    page.get_by_role("button", name="Discard", exact=True).click()

    page.get_by_role("link", name="Return to the top page").click()
    beta = page.get_by_role("link", name="beta Direction")
    beta.locator("xpath=following::button[2]").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes", exact=True).click()
    expect(beta).to_have_count(0)

    alpha = page.get_by_role("link", name="alpha Direction")
    alpha.locator("xpath=following::button[1]").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("alpha centauri")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    page.get_by_role("link", name="alpha centauri").click()
    page.get_by_role("link", name="Trials (List)").click()


def state(instance: Instance) -> dict[str, Any]:
    studies = instance.rows(
        "studies.db",
        "select study_name, (select count(*) from trials t where t.study_id = s.study_id),"
        " (select group_concat(value_json) from study_system_attributes a where a.study_id = s.study_id"
        " and key like '%note_str%') from studies s order by study_name",
    )
    return {"studies": studies}
