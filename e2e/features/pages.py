"""How an app is reached: logins, paths, frames, pages of one app, tabs, reloads, addresses with a query."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from e2e.features import press, shows, trait, type_and_press

SERVER = """
import uvicorn
uvicorn.run(server, host="127.0.0.1", port=int(os.environ["GRADIO_SERVER_PORT"]), log_level="warning")
"""
GREETER = """
@logged
def greet(count, name):
    return (count or 0) + 1, f"Hello {name} ({count})"
def greeter():
    with gr.Blocks() as demo:
        count = gr.State(0)
        name = gr.Textbox(label="Name")
        out = gr.Textbox(label="Greeting")
        gr.Button("Greet").click(greet, [count, name], [count, out])
    return demo
"""


@trait(
    GREETER + "demo = greeter()",
    "/greet",
    "/greet",
    launch='demo.launch(auth=("ann", "pass word"))',
    RECORDER_USERNAME="ann",
    RECORDER_PASSWORD="pass word",
)
async def behind_a_login(page: Page) -> None:
    await page.get_by_label("username", exact=False).first.fill("ann")
    await page.locator("input[type=password]").fill("pass word")
    await page.get_by_role("button", name="Login", exact=False).click()
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")
    await press(page, "Greet")
    await shows(page, "Greeting", "Hello Ann (1)")


@trait(
    GREETER
    + """
import fastapi
server = gr.mount_gradio_app(fastapi.FastAPI(), greeter(), path="/some/tool")
""",
    "/greet",
    launch=SERVER,
    mount="/some/tool",
)
async def mounted_under_a_path(page: Page) -> None:
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")


@trait(
    GREETER
    + """
import fastapi
from fastapi.responses import HTMLResponse
server = fastapi.FastAPI()
@server.get("/", response_class=HTMLResponse)
def around():
    return '<!doctype html><title>Around</title><h1>Around it</h1><iframe src="/tool/" width=900 height=600></iframe>'
server = gr.mount_gradio_app(server, greeter(), path="/tool")
""",
    "/greet",
    launch=SERVER,
    mount="/tool",
)
async def inside_a_frame(page: Page) -> None:
    await page.goto(page.url.partition("/tool")[0] + "/")
    frame = page.frame_locator("iframe")
    await frame.get_by_label("Name", exact=True).fill("Ann")
    await frame.get_by_role("button", name="Greet", exact=True).click()
    await expect(frame.get_by_label("Greeting", exact=True)).to_have_value("Hello Ann (0)", timeout=20_000)


@trait(
    GREETER
    + """
import fastapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
server = fastapi.FastAPI()
@server.get("/", response_class=HTMLResponse)
def around():
    return '<!doctype html><title>Around</title><script type="module" src="/web/gradio.js"></script>' \\
        f'<h1>Around it</h1><gradio-app src="http://127.0.0.1:{os.environ["GRADIO_SERVER_PORT"]}/tool/"></gradio-app>'
web = os.path.join(os.path.dirname(gr.__file__), "templates", "frontend")
server.mount("/web", StaticFiles(directory=web))
server.mount("/assets", StaticFiles(directory=os.path.join(web, "assets")))
server = gr.mount_gradio_app(server, greeter(), path="/tool")
""",
    "/greet",
    launch=SERVER,
    mount="/tool",
)
async def embedded_by_its_web_component(page: Page) -> None:
    await page.goto(page.url.partition("/tool")[0] + "/")
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")


@trait(
    """
import gradio.oauth
# The app's own stand-in for the login asks the hub who the developer is.
gradio.oauth.whoami = lambda *_, **__: {"type": "user", "name": "ann", "fullname": "Ann", "avatarUrl": ""}
@logged
def greet(name):
    return "Hello " + name
@logged
def whose(profile: gr.OAuthProfile | None):
    return profile.name if profile else "nobody"
with gr.Blocks() as demo:
    gr.LoginButton("Log in", logout_value="Log {} out")
    name, out = gr.Textbox(label="Name"), gr.Textbox(label="Greeting")
    gr.Button("Greet").click(greet, name, out)
    gr.Button("Whose").click(whose, None, out)
""",
    "/whose",
    "/greet",
    HF_TOKEN="hf_none",
)
async def a_login_button(page: Page) -> None:
    # A script calls as nobody, as the person did before.
    await press(page, "Whose")
    await shows(page, "Greeting", "nobody")
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("button", name="Log ann out").wait_for()
    await type_and_press(page, "Name", "Bob", "Greet")
    await shows(page, "Greeting", "Hello Bob")


@trait(GREETER + "demo = greeter()", "/greet", "/greet", "/greet")
async def reloaded_in_the_middle(page: Page) -> None:
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")
    await press(page, "Greet")
    await shows(page, "Greeting", "Hello Ann (1)")
    await page.reload()
    await page.get_by_role("button", name="API Recorder").wait_for()
    await type_and_press(page, "Name", "Bob", "Greet")
    await shows(page, "Greeting", "Hello Bob (0)")


@trait(GREETER + "demo = greeter()", "/greet", "/greet", "/greet")
async def two_tabs_in_turn(page: Page) -> None:
    other = await page.context.new_page()
    await other.goto(page.url)
    await other.get_by_role("button", name="API Recorder").wait_for()
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")
    await type_and_press(other, "Name", "Bob", "Greet")
    await shows(other, "Greeting", "Hello Bob (0)")
    await press(page, "Greet")
    await shows(page, "Greeting", "Hello Ann (1)")
    await other.close()


@trait(
    """
@logged
def who(text, request: gr.Request):
    return f"{text} for {request.query_params.get('user')}"
with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    out = gr.Textbox(label="Out")
    gr.Button("Ask").click(who, text, out)
""",
    "/who",
    address="/?user=J%C3%B6rg+%26co&x=1",
)
async def an_address_with_a_query(page: Page) -> None:
    await type_and_press(page, "Text", "this", "Ask")
    await shows(page, "Out", "this for Jörg &co")


@trait(
    GREETER
    + """
with gr.Blocks() as demo:
    name = gr.Textbox(label="Home name")
    gr.Button("At home").click(lambda name: f"At home, {name}", name, name, api_name="home")
with demo.route("Second", "/second"):
    name = gr.Textbox(label="Name")
    out = gr.Textbox(label="Greeting")
    count = gr.State(0)
    gr.Button("Greet").click(greet, [count, name], [count, out])
""",
    "/greet",
    "/home",
    lines=("6", "5"),
)
async def several_pages_in_one_app(page: Page) -> None:
    await page.get_by_label("Home name").wait_for()
    await page.goto(page.url.rstrip("/") + "/second")
    await page.get_by_role("button", name="API Recorder").wait_for()
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")
    await page.go_back()
    await page.get_by_role("button", name="API Recorder").wait_for()
    await type_and_press(page, "Home name", "Bob", "At home")
    await expect(page.get_by_label("Home name")).to_have_value(re.compile("At home, Bob"), timeout=20_000)


@trait(
    GREETER + "demo = greeter()",
    "/greet",
    lines=("6", "5"),
    launch="demo.launch(ssr_mode=True, server_port=int(os.environ['GRADIO_SERVER_PORT']))",
    GRADIO_SSR_MODE="True",
)
async def rendered_on_the_server(page: Page) -> None:
    await type_and_press(page, "Name", "Ann", "Greet")
    await shows(page, "Greeting", "Hello Ann (0)")


@trait(
    GREETER
    + """
import fastapi
from fastapi.responses import HTMLResponse
@logged
def shout(text):
    return text.upper()
server = fastapi.FastAPI()
@server.get("/", response_class=HTMLResponse)
def around():
    return '<!doctype html><title>Two</title><iframe src="/tool/"></iframe><iframe src="/other/"></iframe>'
server = gr.mount_gradio_app(server, greeter(), path="/tool")
server = gr.mount_gradio_app(server, gr.Interface(shout, gr.Textbox(label="Text"), gr.Textbox(label="Out")), path="/other")
""",
    "/greet",
    "/greet",
    launch=SERVER,
    mount="/tool",
)
async def two_apps_on_one_page(page: Page) -> None:
    await page.goto(page.url.partition("/tool")[0] + "/")
    first, second = (page.frame_locator("iframe").nth(n) for n in (0, 1))
    await first.get_by_label("Name", exact=True).fill("Ann")
    await first.get_by_role("button", name="Greet", exact=True).click()
    await expect(first.get_by_label("Greeting", exact=True)).to_have_value("Hello Ann (0)", timeout=20_000)
    await first.get_by_role("button", name="Greet", exact=True).click()
    await expect(first.get_by_label("Greeting", exact=True)).to_have_value("Hello Ann (1)", timeout=20_000)
    await second.get_by_label("Text", exact=True).fill("it's")
    await second.get_by_role("button", name="Submit", exact=True).click()
    await expect(second.get_by_label("Out", exact=True)).to_have_value("IT'S", timeout=20_000)


@trait(
    """
@logged
def shout(text): return text.upper()
with gr.Blocks() as demo:
    text, out = gr.Textbox(label="Text"), gr.Textbox(label="Out")
    gr.Button("Go").click(shout, text, out)
    gr.DeepLinkButton("Share")
""",
    lines=("6", "5"),
)
async def a_deep_link(page: Page) -> None:
    await type_and_press(page, "Text", "it's", "Go")
    await shows(page, "Out", "IT'S")
    async with page.expect_response(lambda answer: "/run/predict" in answer.url):
        async with page.expect_response(lambda answer: "/deep_link?" in answer.url) as made:
            await page.get_by_role("button", name="Share").click()
    link = await (await made.value).json()
    await page.goto(f"{page.url}?deep_link={link}")
    await page.get_by_role("button", name="API Recorder").wait_for()
    await shows(page, "Out", "IT'S")
    await type_and_press(page, "Text", "more", "Go")
    await shows(page, "Out", "MORE")
