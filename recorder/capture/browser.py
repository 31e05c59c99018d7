"""``recorder record``: a real browser, opened on the app with recording on from the first moment.

The page speaks through a binding that the browser's driver puts on the window, so nothing listens on a port.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import (
    Browser,
    BrowserContext,
    Dialog,
    Download,
    Frame,
    HttpCredentials,
    Page,
    Playwright,
    Response,
    async_playwright,
)
from playwright.async_api import Error as PlaywrightError

from recorder import events
from recorder.address import origin_of
from recorder.capture import inject
from recorder.capture.access import Keys
from recorder.capture.beside import OpenPanel
from recorder.capture.collector import Collector
from recorder.capture.connection import Connection
from recorder.capture.fetch import described_by, fetch_with, request_target
from recorder.capture.kept import FILE_LIMIT
from recorder.capture.names import Names, file_name, free_path
from recorder.capture.signals import interruption
from recorder.capture.wire import Passing
from recorder.config import Secrets
from recorder.errors import AppError, BrowserError, UsageError
from recorder.events import State, ToPage

SEEN_SECONDS = 2.0
"""How long the end of a recording waits for what the browser has still to tell of its requests."""
OPEN_SECONDS = 60.0
"""How long the app may take to show its page."""

_NAMES = (
    "google-chrome-stable google-chrome chromium chromium-browser microsoft-edge-stable microsoft-edge "
    "brave-browser chrome"
).split()
_PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": tuple(
        rf"{os.environ.get(folder, '')}\{path}"
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for path in (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
    ),
}
_DOWNLOADED = (
    "chrome-linux*/chrome",
    "chrome-mac*/*.app/Contents/MacOS/*",
    "chrome-win*/chrome.exe",
)


def find_browser() -> str | None:
    """The browser to use: ``RECORDER_BROWSER``, else the system's Chrome, Chromium or Edge, else Playwright's own.

    Returns:
        The path of its program; None if there is none.
    """
    named = os.environ.get("RECORDER_BROWSER")
    if named:
        return shutil.which(named)
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    for place in _PLACES.get(sys.platform, ()):
        if os.access(place, os.X_OK):
            return place
    return _downloaded()


def _downloaded() -> str | None:
    folders = {
        "darwin": Path.home() / "Library/Caches/ms-playwright",
        "win32": Path(os.environ.get("LOCALAPPDATA", "")) / "ms-playwright",
    }
    folder = Path(
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
        or folders.get(sys.platform, Path.home() / ".cache/ms-playwright")
    )
    found: list[tuple[int, str]] = []
    with contextlib.suppress(OSError):
        for each in folder.glob("chromium-*"):
            revision = each.name.partition("-")[2]
            for pattern in _DOWNLOADED:
                programs = [path for path in each.glob(pattern) if os.access(path, os.X_OK)]
                found += [(int(revision) if revision.isdigit() else 0, str(path)) for path in programs]
    return max(found)[1] if found else None


def has_display() -> bool:
    """Whether a window can be shown."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


class Downloads:
    """A folder for what the app gives the person to download, made when there is something.
    Nobody else can read it, and no script, test or configuration is looked for there."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def folder(self) -> Path:
        """The folder, readable by its owner only."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="api-recorder-downloads-"))
        return self._folder


class Line:
    """One document's calls of the binding, joined to its connection.

    A reply can only be the result of a call: what is to be said waits here for the next one.
    """

    def __init__(self, collector: Collector, origin: str) -> None:
        self._outbox: list[ToPage] = []
        self._waiting: asyncio.Future[None] | None = None
        self._connection: Connection = collector.connect(self._say, origin=origin)

    def receive(self, text: str, control: bool) -> bool:
        """Take one frame; False if the page will not be listened to any more."""
        return self._connection.receive(text, control)

    def replies(self) -> str:
        """What there is to say now, one message a line."""
        said, self._outbox = self._outbox, []
        return "\n".join(map(events.dump, said))

    async def wait(self) -> str:
        """What there is to say as soon as there is something; empty once the page is gone."""
        if not self._outbox:
            if self._waiting is not None and not self._waiting.done():
                self._waiting.set_result(None)
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self.replies()

    def leave(self) -> None:
        """The document is gone, but for what is on its way."""
        self._connection.leave()

    def close(self) -> None:
        """The document is gone."""
        self._connection.close()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _say(self, message: ToPage) -> None:
        self._outbox.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Lines:
    """The binding: every frame of every tab speaks through it; a Hello begins the line of a new document."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._by_frame: dict[Frame, Line] = {}

    async def call(self, source: dict[str, Any], text: object) -> str:
        """One call of the binding by a page. Frames are taken in the order in which they are called."""
        frame: Frame = source["frame"]
        if not isinstance(text, str):
            return ""
        line = self._by_frame.get(frame)
        if text.startswith('{"t":"wait"'):
            # A page asks again at once, so one that nobody serves is left waiting.
            return await line.wait() if line is not None else await asyncio.Future()
        if line is None or text.startswith('{"t":"hello"'):
            if line is not None:
                line.close()
            line = self._by_frame[frame] = Line(self._collector, origin_of(frame.url))
        line.receive(text, await _has_control(frame, text))
        return line.replies()

    def drop(self, frame: Frame) -> None:
        """``frame`` is gone."""
        if (line := self._by_frame.pop(frame, None)) is not None:
            line.close()

    def leave(self, page: Page | None = None) -> None:
        """``page`` is gone, or all are: what they said may be on its way here, and no more will come."""
        for frame, line in self._by_frame.items():
            if page is None or frame.page is page:
                line.leave()

    def close(self) -> None:
        """Answer every call that still waits."""
        for line in self._by_frame.values():
            line.close()
        self._by_frame.clear()


_SHOWING = ('{"t":"look"', '{"t":"take"')
_CHANGING = ('{"t":"toggle"', '{"t":"edit"', '{"t":"again"')


async def _has_control(frame: Frame, text: str) -> bool:
    """Whether what only a person may ask for is heard in a frame of this text. Ours says it in frames of their own,
    from the outermost document of a tab. What changes something is heard only when the person has just done something
    there: the browser says so in a world that the page's scripts cannot reach."""
    if not text.startswith(_SHOWING + _CHANGING) or frame.parent_frame is not None:
        return False
    if text.startswith(_SHOWING):
        return True
    try:
        session = await frame.page.context.new_cdp_session(frame.page)
        try:
            tree = await session.send("Page.getFrameTree")
            world = {"frameId": tree["frameTree"]["frame"]["id"], "worldName": "api-recorder"}
            made = await session.send("Page.createIsolatedWorld", world)
            asked = {
                "expression": "navigator.userActivation.isActive",
                "contextId": made["executionContextId"],
            }
            return (await session.send("Runtime.evaluate", asked))["result"].get("value") is True
        finally:
            await session.detach()
    except PlaywrightError:
        return False


class Tabs:
    """The tabs that take part; ``gone`` is set when the last of them was closed.

    Args:
        equip: puts the script into a tab that opened by itself, as far as the browser has not done it.
        keep: takes what the person downloads.
    """

    def __init__(
        self,
        lines: Lines,
        equip: Callable[[Page], Awaitable[None]],
        keep: Callable[[Download], Awaitable[None]],
    ) -> None:
        self.gone = asyncio.Event()
        self._keep = keep
        self._lines = lines
        self._equip = equip
        self._open: set[Page] = set()
        self._equipping: set[asyncio.Task[None]] = set()

    def add(self, page: Page) -> None:
        """``page`` is ours."""
        self._open.add(page)
        page.on("close", self._closed)
        page.on("crash", self._closed)
        page.on("framedetached", self._lines.drop)
        page.on("download", lambda download: self._run(self._keep(download)))
        page.on("popup", self.add_popup)

    def add_popup(self, page: Page) -> None:
        """``page`` was opened by the app or the person."""
        if page in self._open:
            return
        self.add(page)

        def navigated(frame: Frame) -> None:
            if frame is page.main_frame:
                self._run(self._equip(page))

        # Where a popup is of the same origin, the window of its first, empty document lives on in the app's, and
        # the browser runs no script of ours a second time.
        page.on("framenavigated", navigated)
        self._run(_into_workers(page))
        self._run(self._equip(page))

    def _run(self, equipping: Awaitable[None]) -> None:
        async def run() -> None:
            with contextlib.suppress(PlaywrightError):
                await equipping

        task = asyncio.get_running_loop().create_task(run())
        self._equipping.add(task)
        task.add_done_callback(self._equipping.discard)

    def _closed(self, page: Page) -> None:
        self._open.discard(page)
        self._lines.leave(page)
        if not self._open:
            # A page that opens another and closes itself is not the end.
            asyncio.get_running_loop().call_later(0.2, self._end_if_none)

    def leave(self, _: Browser) -> None:
        """The browser is gone."""
        self._lines.leave()
        self.gone.set()

    def _end_if_none(self) -> None:
        if not self._open:
            self.gone.set()


class Responses:
    """Shows the collector what pages cannot see of their requests, as the browser's driver tells of it."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._seeing: set[asyncio.Task[None]] = set()

    def add(self, response: Response) -> None:
        """Called by the driver for each response."""
        task = asyncio.get_running_loop().create_task(self._see(response))
        self._seeing.add(task)
        task.add_done_callback(self._seeing.discard)

    async def follow(self, page: Page) -> None:
        """Show the events of the page's streams of server-sent events, also those that it does not listen to.

        Source: Chrome DevTools Protocol, domain Network.
        """
        streams: dict[str, tuple[Passing, float]] = {}
        """By the driver's id: a stream, and when it was asked for by the clock of the events."""
        wire = self._collector.wire

        def asked(event: dict[str, Any]) -> None:
            if event.get("type") == "EventSource":
                url = str(event["request"]["url"]).partition("#")[0]
                began = event["wallTime"] * 1000
                streams[event["requestId"]] = (wire.passing("GET", url, [], began), event["timestamp"] * 1000)

        def told(event: dict[str, Any]) -> None:
            if event["requestId"] in streams and event["eventName"] not in ("", "message"):
                stream, began = streams[event["requestId"]]
                at = stream.at + event["timestamp"] * 1000 - began
                wire.streamed(stream, event["eventName"], event["eventId"], event["data"], at)

        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", asked)
        session.on("Network.eventSourceMessageReceived", told)
        await session.send("Network.enable")

    def follow_popup(self, page: Page) -> None:
        """The same of a page that opened by itself."""

        async def follow() -> None:
            with contextlib.suppress(PlaywrightError):
                await self.follow(page)

        task = asyncio.get_running_loop().create_task(follow())
        self._seeing.add(task)
        task.add_done_callback(self._seeing.discard)

    async def finish(self) -> None:
        """Wait for what is still on its way."""
        if self._seeing:
            await asyncio.wait(list(self._seeing), timeout=SEEN_SECONDS)

    async def _see(self, response: Response) -> None:
        # A page that is gone by now takes its requests with it.
        with contextlib.suppress(PlaywrightError):
            request = response.request
            asked = [(n.encode(), v.encode()) for n, v in (await request.all_headers()).items()]
            # What the driver gives is decoded.
            given = [
                (each["name"].encode(), each["value"].encode())
                for each in await response.headers_array()
                if each["name"].lower() != "content-encoding"
            ]
            url = request.url.partition("#")[0]
            if not origin_of(url):
                return
            seen = self._collector.wire.passing(request.method, url, asked, request.timing["startTime"])
            seen.answered(response.status, given)
            if (
                seen.reads
                and request.resource_type == "script"
                and origin_of(url) == origin_of(request.frame.url)
            ):
                seen.feed(await response.body())
                seen.over()


async def record(
    url: str,
    *,
    output: str | os.PathLike[str] | None = None,
    headless: bool | None = None,
    browser: str | None = None,
    cdp: str | None = None,
    description: str = "",
    file_limit: int = FILE_LIMIT,
    drive: Callable[[Page], Awaitable[None]] | None = None,
    say: Callable[[str], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
    on_saved: Callable[[Path], None] | None = None,
    on_state: Callable[[State], None] | None = None,
    open_panel: OpenPanel | None = None,
    secrets: Secrets = inject.NO_SECRETS,
    login: str = "",
) -> list[Path]:
    """Open ``url`` in a browser and record until the last tab is closed, the browser ends, Ctrl-C or SIGTERM.

    Args:
        output: the file of the first session, or a folder (see :class:`recorder.capture.names.Names`); the toggle
            in the page ends a session and begins the next one.
        headless: None for a window where there is a display.
        browser: the program to use; None for :func:`find_browser`.
        cdp: the address of a running browser's debugging port. Its own profile is used, in a tab of ours, and it is
            left running.
        description: the app's OpenAPI document in place of its own, if any.
        file_limit: bytes of the largest file that is kept with a session.
        drive: used on the page in a person's place; when it is over, recording stops.
        say: takes sentences for the person.
        on_ready: told the address once the page is open and recorded.
        on_saved: told the path of every session.
        on_state: told every change of the recording.
        open_panel: makes the panels in which the person sees the recording; None for none.
        secrets: what else is kept out of the recording.
        login: of the app, as ``user:password``, for the browser that we start; one that runs already asks itself.

    Returns:
        The sessions saved, in order.

    Raises:
        UsageError: ``url`` is not an address, or ``browser`` not a program.
        BrowserError: there is no browser, or it does not start.
        AppError: nothing answers at ``url``.
        FileError: the session cannot be written.
    """
    speak = say or (lambda sentence: None)
    if not origin_of(url):
        raise UsageError(
            f"{re.sub('//[^/@]*@', '//…@', url)!r} is not the address of a web app",
            "Give one that begins with http:// or https://",
        )
    saved: list[Path] = []

    def keep(path: Path) -> None:
        saved.append(path)
        if on_saved is not None:
            on_saved(path)

    async with contextlib.AsyncExitStack() as stack:
        stop = stack.enter_context(interruption())
        playwright = await stack.enter_async_context(_playwright())
        if headless is None:
            headless = not has_display()
        known: HttpCredentials | None = None
        if login:
            user, _, password = login.partition(":")
            known = {"username": user, "password": password, "origin": origin_of(url), "send": None}
        opened = _connected(playwright, cdp) if cdp else _launched(playwright, browser, headless, known)
        context, page = await stack.enter_async_context(opened)
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), max_field_size=65536, max_line_size=65536
            )
        )

        async def address(wanted: str, cookie: str) -> tuple[str, dict[str, str]]:
            cookies = await context.cookies(wanted)
            pairs = "; ".join(f"{each.get('name')}={each.get('value')}" for each in cookies)
            headers = {"Cookie": pairs} if pairs else {}
            if login and origin_of(wanted) == origin_of(url):
                headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
            return origin_of(wanted) + request_target(wanted), headers

        downloads = Downloads()
        collector = Collector(
            url,
            Names(output),
            described_by(description, fetch_with(client, address)),
            file_limit=file_limit,
            on_state=on_state,
            on_saved=keep,
            on_recovered=lambda path: speak(f"an earlier recording that was cut off is saved in {path}"),
            open_panel=open_panel,
            keys=(keys := Keys()),
        )
        stack.push_async_callback(collector.close)
        # A person may be led to other sites, which have no business to know what was done at this one.
        collector.viewers = {origin_of(url)}
        lines = Lines(collector)
        stack.callback(lines.close)
        binding = f"recorder_{token_hex(8)}"
        script = inject.init_script(binding, collector.token, secrets, keys.key())
        # Where it runs after scripts of the page, these may have changed what it is made of: it is given no key.
        late = inject.init_script(binding, collector.token, secrets)

        async def equip(popup: Page) -> None:
            if cdp and await popup.evaluate(f"typeof window[{binding!r}]") == "undefined":
                with contextlib.suppress(PlaywrightError):
                    await popup.expose_binding(binding, lines.call)
                    await popup.add_init_script(script)
            await popup.evaluate(f"() => {{ {late} }}")

        async def keep_download(download: Download) -> None:
            # A browser that is driven throws its downloads away when it ends. Beside the session, a file that the app
            # calls conftest.py or httpx.py would be run by the next test or script.
            path = free_path(downloads.folder() / file_name(download.suggested_filename))
            await download.save_as(path)
            path.chmod(0o600)
            speak(f"downloaded {path}")

        tabs = Tabs(lines, equip, keep_download)
        # In a person's own browser only the tab that we opened, and what it opens, is ours to look at.
        target = page if cdp else context
        await target.expose_binding(binding, lines.call)
        await target.add_init_script(script)
        await _into_workers(page)
        responses = Responses(collector)
        target.on("response", responses.add)
        await responses.follow(page)
        if not cdp:
            context.on("page", responses.follow_popup)
            context.on("page", tabs.add_popup)
        tabs.add(page)
        if not headless and drive is None:
            # Without a listener the driver would answer the app's questions itself, with no.
            context.on("dialog", _leave_to_the_person)
        gone = tabs.gone
        if context.browser is not None:
            context.browser.on("disconnected", tabs.leave)
        await collector.start()
        try:
            await _open(page, url)
        except PlaywrightError as error:
            await collector.discard()
            raise AppError(
                f"{url} cannot be opened: {_reason(error)}", "Start the app, or check the address"
            ) from None
        if _are_akin(url, page.url):
            collector.viewers.add(origin_of(page.url))
        try:
            if on_ready is not None:
                on_ready(url)
            speak("recording; close the last tab or press Ctrl-C to save")
            await _over(gone, stop, drive(page) if drive is not None else None)
        finally:
            await responses.finish()
            await collector.stop()
    return saved


def _are_akin(one: str, other: str) -> bool:
    """Whether two addresses are of one host, or the one's is within the other's (``www.``)."""
    hosts = [urlsplit(url).hostname or "" for url in (one, other)]
    return all(hosts) and (hosts[0] == hosts[1] or any(a.endswith(f".{b}") for a in hosts for b in hosts))


async def _into_workers(page: Page) -> None:
    """Run our script in each worker of ``page`` before its own.

    Source: Chrome DevTools Protocol, domains Target, Runtime and Debugger. A worker that is attached to waits until
    somebody tells it to go on, which the driver does too, and has none of its functions before its script is there: so
    ours is run at once, if it can be, when the worker's own is about to run, and when it has been loaded. It looks
    itself whether it has been there before.
    """
    session = await page.context.new_cdp_session(page)

    async def tell(to: str, *messages: tuple[str, dict[str, Any]]) -> None:
        # One that is gone by now has nothing to wait for.
        async with one_after_another:
            with contextlib.suppress(PlaywrightError):
                for method, params in messages:
                    message = json.dumps({"id": next(numbers), "method": method, "params": params})
                    await session.send("Target.sendMessageToTarget", {"sessionId": to, "message": message})

    async def attached(event: dict[str, Any]) -> None:
        to = event["sessionId"]
        if event["targetInfo"]["type"] == "worker":
            before = {"instrumentation": "beforeScriptExecution"}
            pause = ("Debugger.setInstrumentationBreakpoint", before)
            await tell(to, run, ("Debugger.enable", {}), pause, go_on)
        else:
            await tell(to, go_on)

    async def received(event: dict[str, Any]) -> None:
        method = json.loads(event["message"]).get("method")
        if method in ("Debugger.paused", "Inspector.workerScriptLoaded"):
            # What is paused goes on.
            await tell(event["sessionId"], run, ("Debugger.disable", {}))

    expression = f"typeof setTimeout === 'function' && ({inject.worker_script().strip().removesuffix(';')})"
    go_on: tuple[str, dict[str, Any]] = ("Runtime.runIfWaitingForDebugger", {})
    one_after_another = asyncio.Lock()
    numbers = itertools.count(1)
    run = ("Runtime.evaluate", {"expression": expression, "disableBreaks": True})
    session.on("Target.attachedToTarget", attached)
    session.on("Target.receivedMessageFromTarget", received)
    workers = [{"type": "worker", "exclude": False}, {"exclude": True}]
    await session.send(
        "Target.setAutoAttach",
        {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": False, "filter": workers},
    )


async def _over(gone: asyncio.Event, stop: asyncio.Event, driving: Awaitable[None] | None) -> None:
    """Wait for whatever ends the recording first. What ``driving`` raises is raised."""
    waiting: set[asyncio.Task[Any]] = {asyncio.ensure_future(gone.wait()), asyncio.ensure_future(stop.wait())}
    drive: asyncio.Task[None] | None = None
    if driving is not None:
        drive = asyncio.ensure_future(_await(driving))
        waiting.add(drive)
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    if drive is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await drive


async def _await(awaitable: Awaitable[None]) -> None:
    await awaitable


async def _open(page: Page, url: str) -> None:
    try:
        await page.goto(url, wait_until="domcontentloaded", timeout=OPEN_SECONDS * 1000)
    except PlaywrightError as error:
        # A page that never stops loading is open all the same, and one that the person closed meanwhile is over.
        if page.is_closed() or ("Timeout" in error.message and page.url != "about:blank"):
            return
        raise


@contextlib.asynccontextmanager
async def _playwright() -> AsyncIterator[Playwright]:
    manager = async_playwright()
    try:
        playwright = await manager.start()
    except (OSError, PlaywrightError) as error:
        raise BrowserError(
            f"Playwright does not start: {error}", "Run `pip install --force-reinstall playwright`"
        ) from None
    try:
        yield playwright
    finally:
        with contextlib.suppress(PlaywrightError):
            await playwright.stop()


@contextlib.asynccontextmanager
async def _launched(
    playwright: Playwright, program: str | None, headless: bool, login: HttpCredentials | None
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    path = shutil.which(program) if program is not None else find_browser()
    if path is None and program is not None:
        raise UsageError(
            f"{program} is not a program", "Give the path of a Chrome or Chromium with --browser"
        )
    if path is None:
        raise BrowserError(
            "There is no browser on this machine",
            "Install Google Chrome or Chromium, or run `playwright install chromium`",
        )
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        browser: Browser = await playwright.chromium.launch(
            executable_path=path,
            headless=headless,
            # Chromium has no sandbox for root.
            chromium_sandbox=not is_root,
            args=["--disable-domain-reliability", "--disable-dev-shm-usage"],
            # Ctrl-C is ours: the session is saved before the browser goes.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except PlaywrightError as error:
        raise BrowserError(f"{path} does not start: {_reason(error)}", "Run `recorder doctor`") from None
    try:
        if headless:
            context = await browser.new_context(accept_downloads=True, http_credentials=login)
        else:
            context = await browser.new_context(
                accept_downloads=True, no_viewport=True, http_credentials=login
            )
        yield context, await context.new_page()
    finally:
        with contextlib.suppress(PlaywrightError):
            await browser.close()


@contextlib.asynccontextmanager
async def _connected(playwright: Playwright, address: str) -> AsyncIterator[tuple[BrowserContext, Page]]:
    try:
        browser = await playwright.chromium.connect_over_cdp(address)
    except PlaywrightError as error:
        raise BrowserError(
            f"No browser answers at {address}: {_reason(error)}",
            "Start one with --remote-debugging-port=9222 and give --cdp http://127.0.0.1:9222",
        ) from None
    context = browser.contexts[0] if browser.contexts else await browser.new_context()
    page = await context.new_page()
    try:
        yield context, page
    finally:
        with contextlib.suppress(PlaywrightError):
            # Lets go of the browser; it goes on, and so does the person's tab.
            await browser.close()


def _leave_to_the_person(dialog: Dialog) -> None:
    pass


def _reason(error: PlaywrightError) -> str:
    """The one line of Playwright's message that says something."""
    lines = [line.strip() for line in error.message.splitlines() if line.strip()]
    for line in lines:
        if found := re.search(r"net::(ERR_\w+)", line):
            return found.group(1).removeprefix("ERR_").replace("_", " ").lower()
    for line in lines:
        if "sandbox" in line.lower() or "error while loading" in line or "cannot open" in line.lower():
            return line[:200]
    return re.sub(r"^[\w.]+: ", "", lines[0])[:200].rstrip(".:") if lines else "no reason given"
