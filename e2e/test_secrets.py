"""Secrets stay home: an app full of them is recorded, and a search of every byte that is left finds none."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from playwright.async_api import expect

from e2e.test_panel import given, open_panel, shown_at
from e2e.visit import opened, press
from e2e.web.running import WebApp
from recorder import session as sessions
from recorder.render import renderers

OWN = """
[secrets]
names = ["pin", "x-house-key*"]
patterns = ['acme/[0-9A-F]{12}']
"""


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[WebApp]:
    app = WebApp("vault", tmp_path)
    yield app
    app.stop()


def forms(value: str) -> set[bytes]:
    """How a text may be written: as it is, in JSON, in JSON within JSON, in an address, and each of its long lines."""
    spelled = json.dumps(value)[1:-1]
    texts = {value, spelled, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(spelled)[1:-1]}
    texts |= {quote(value, safe=""), quote(value), quote_plus(value)}
    texts |= {line for line in value.splitlines() if len(line) > 30 and not line.startswith("-----")}
    return {text.encode() for text in texts}


def found(planted: dict[str, str], content: dict[str, bytes]) -> list[tuple[str, str]]:
    """Each place where a secret of the app still is, and which."""
    return [
        (where, name)
        for where, data in content.items()
        for name, value in planted.items()
        if any(form in data for form in forms(value))
    ]


async def test_no_byte_that_a_recording_leaves_has_a_secret_of_the_app_in_it(
    vault: WebApp,
    recorder: Callable[..., Any],
    run_script: Callable[..., Any],
    browser_path: str,
    tmp_path: Path,
    promise: Callable[..., None],
) -> None:
    planted = json.loads((tmp_path / "planted.json").read_text())
    assert len(planted) >= 60
    uploads = {
        "server.pem": planted["file, private key"],
        "settings.env": f"OPENAI_API_KEY={planted['file, api key']}\n",
        "notes.txt": f"token: {planted['file, jwt']}\n",
    }
    for name, text in uploads.items():
        (tmp_path / name).write_text(text)
    out, content = tmp_path / "out", dict[str, bytes]()
    async with shown_at(vault.url, out, OWN) as url, opened(browser_path, url) as page:
        await page.get_by_label("Password").fill(planted["password field, sent under another name"])
        await page.get_by_label("Files").set_input_files([tmp_path / name for name in uploads])
        await press(page, True)
        await page.get_by_role("button", name="Go", exact=True).click()
        await expect(page.locator("output")).to_have_text("done", timeout=20_000)
        panel = await open_panel(page)
        await expect(panel.locator("code.endpoint").last).to_have_text("POST /last")
        shutil.copytree(out, tmp_path / "live")
        for journal in (tmp_path / "live").glob("*.journal"):
            # A script file is reported before anybody can know which of its texts turn out to be secret.
            lines = journal.read_bytes().splitlines(keepends=True)
            journal.write_bytes(b"".join(line for line in lines if b'"id":"s' not in line))
        for target in ("python", "har", "api"):
            await panel.get_by_role("tab", name=target, exact=True).click()
            await expect(panel.get_by_role("tabpanel", name=f"Script for {target}")).to_contain_text("last")
            script = await given(page, panel, "script", tmp_path / "given")
            content[f"panel, {target}"] = script.read_bytes()
        packed = await given(page, panel, "zip", tmp_path / "given")
        content["panel, zip"] = packed.read_bytes()
        content["panel, as it is shown"] = (await panel.inner_text()).encode()
        await press(page, False)
    (path,) = out.glob("*.json")
    session = sessions.read(path)
    own = next(call for call in session.calls if call.endpoint == "POST /own")
    assert {value.name: value.value for value in own.inputs}["spin"] == "4712"
    unpacked = sessions.read(packed)
    assert [call.endpoint for call in unpacked.calls] == [call.endpoint for call in session.calls]
    content["zip, unpacked"] = sessions.dump(unpacked).encode()
    for target in renderers("http"):
        made = await asyncio.to_thread(
            recorder, "render", path, "--target", target, "-o", out / f"made-{target}"
        )
        content[f"render {target}, said"] = (made.stdout + made.stderr).encode()
    for words in (["show", path], ["show", path, "--json"], ["api", path, "--format", "html"]):
        said = await asyncio.to_thread(recorder, *words)
        content[" ".join(map(str, words))] = (said.stdout + said.stderr).encode()
    secrets = {secret.name: value_of(secret.name, planted) for secret in session.secrets}
    reports = [f"--junit={tmp_path / 'report.xml'}", f"--html={tmp_path / 'report.html'}"]
    done = await asyncio.to_thread(recorder, "replay", path, "--url", vault.url, *reports, **secrets)
    content["replay, said"] = (done.stdout + done.stderr).encode()
    for folder in (out, tmp_path / "live"):
        for file in folder.rglob("*"):
            if file.is_file():
                content[str(file.relative_to(tmp_path))] = file.read_bytes()
    for report in ("report.xml", "report.html"):
        content[report] = (tmp_path / report).read_bytes()
    assert any(name.endswith(".journal") for name in content)
    assert not (leaks := found(planted, content)), "\n".join(map(str, leaks))

    # And with what they are in the environment, the script does it all again.
    vault.path.unlink(missing_ok=True)
    script = tmp_path / "again.py"
    script.write_bytes((out / "made-python").read_bytes())
    # What was not kept, the person puts where the script looks for it.
    (tmp_path / "not-kept").mkdir()
    for name, text in uploads.items():
        (tmp_path / "not-kept" / name).write_text(text)
    ran = await asyncio.to_thread(run_script, script, RECORDER_URL=vault.url, **secrets)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    promise(
        "secrets: no planted secret is in a journal, session, archive, target, report or page",
        len(planted),
        [],
    )


def value_of(name: str, planted: dict[str, str]) -> str:
    """What a person would give for an environment variable: any text will do for this app."""
    return re.sub(r"\W", "", name) + "-given-by-hand-1"
