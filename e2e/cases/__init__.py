"""Small web apps, each with one habit that is common in the field and hard to record, after public reports about
recorders and HTTP clients.

The docstring of each app says what the situation is and what a script has to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from e2e.cases import bodies, forms, logins, states, streams, values
from e2e.cases.server import App


@dataclass(frozen=True)
class Case:
    """An app and what a person does in it.

    Attributes:
        app: adds the routes of the app.
        drive: what the person does; files to upload are made in the folder.
        secrets: what the person knows: the values of ``RECORDER_SECRET_<name>``.
        environment: more variables for the scripts.
        context: options of the browser context.
        runs: how often a script runs on one start of the app; each run must do all of it anew.
    """

    app: Callable[[App], None]
    drive: Callable[[Page, Path], Awaitable[None]]
    secrets: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 1


LOGIN = {"username": logins.USER, "password": logins.PASSWORD}

CASES = (
    Case(
        logins.basic_login_in_the_browser,
        logins.order,
        environment={f"RECORDER_{name.upper()}": value for name, value in LOGIN.items()},
        context={"http_credentials": LOGIN},
    ),
    Case(values.client_made_ids_and_idempotency_key, values.pay, runs=2),
    Case(bodies.form_in_windows_1251, bodies.add_a_city),
    Case(bodies.gzip_compressed_body, bodies.save_a_title),
    Case(streams.head_after_resumable_upload, streams.upload_a_file),
    Case(bodies.json_sent_as_form, bodies.save_a_title),
    Case(bodies.multipart_files_and_json_part, bodies.upload_two_files),
    Case(streams.ndjson_created_rows, streams.import_rows),
    Case(states.objects_sent_back_whole, states.change_an_issue),
    Case(logins.oauth_code_with_pkce, logins.sign_in_and_add, secrets={"PASSWORD": logins.PASSWORD}),
    Case(bodies.repeated_form_names, bodies.change_a_line),
    Case(forms.links_that_lead_on, forms.archive),
    Case(logins.secure_cookie_on_loopback, logins.log_in_and_buy),
    Case(bodies.soap_session_and_order, bodies.confirm_an_order),
    Case(streams.sse_event_types_not_listened_to, streams.publish_an_artifact),
    Case(logins.token_refreshed_midway, logins.log_in_and_run),
    Case(logins.token_under_another_name, logins.run),
    Case(values.values_in_page_data, values.send_all),
    Case(logins.xsrf_cookie_percent_encoded, logins.run),
)
