"""Dagster's web server: a React front end on GraphQL and WebSocket subscriptions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.wild.running import Instance, press

REQUIREMENTS = ("dagster-webserver==1.13.28", "dagster==1.13.28")
ACTS = (
    "close the greeting",
    "open a job",
    "type its configuration",
    "launch it, and see it finish",
    "open an asset",
    "materialize it",
    "turn on a schedule",
)

DEFINITIONS = """
import dagster as dg

@dg.asset
def orders():
    return [1, 2, 3]

@dg.asset(deps=[orders])
def totals(context):
    context.add_output_metadata({"sum": 6})

@dg.op(config_schema={"name": str})
def greet(context):
    context.log.info("Hello " + context.op_config["name"])

@dg.job
def greeting():
    greet()

@dg.schedule(cron_schedule="0 0 1 1 *", job=greeting)
def yearly():
    return {"ops": {"greet": {"config": {"name": "year"}}}}

defs = dg.Definitions(assets=[orders, totals], jobs=[greeting], schedules=[yearly])
"""


def start(instance: Instance) -> None:
    (instance.folder / "shop.py").write_text(DEFINITIONS)
    home = instance.folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    instance.serve("dagster", "dev", "-f", "shop.py", "-p", instance.port, DAGSTER_HOME=str(home))
    instance.ready("/server_info")


def more(instance: Instance) -> None:
    home = str(instance.folder / "home")
    instance.run("dagster", "asset", "materialize", "-f", "shop.py", "--select", "orders", DAGSTER_HOME=home)


def drive(page: Page, folder: Path) -> None:
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("link", name="Jobs").click()
    page.get_by_role("link", name="greeting").click()
    page.get_by_role("tab", name="Launchpad").click()
    page.get_by_role("button", name="Scaffold missing config").wait_for()
    page.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('ops: {greet: {config: {name: "Ann"}}}')
    press(page.get_by_role("button", name="Launch Run"))
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Catalog").click()
    page.get_by_role("link", name="orders").click()
    page.get_by_role("button", name="Materialize").click()
    expect(page.get_by_text("Launched run").first).to_be_visible(timeout=60_000)

    page.get_by_role("link", name="Automation").click()
    page.get_by_role("link", name="yearly").locator("xpath=following::label[1]").click()
    expect(page.get_by_role("checkbox").last).to_be_checked()


RUNS = """{
  runsOrError {... on Runs {results {jobName status runConfigYaml assetSelection {path}}}}
  schedulesOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "shop.py"}) {
    ... on Schedules {results {name scheduleState {status}}}
  }
}"""


def state(instance: Instance) -> dict[str, Any]:
    end = time.monotonic() + 60
    while True:
        data = httpx.post(instance.url + "/graphql", json={"query": RUNS}, timeout=30).json()["data"]
        runs = data["runsOrError"]["results"]
        if all(run["status"] in ("SUCCESS", "FAILURE", "CANCELED") for run in runs) or time.monotonic() > end:
            break
        time.sleep(0.5)
    return {"runs": sorted(runs, key=str), "schedules": data["schedulesOrError"]["results"]}
