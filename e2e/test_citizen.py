"""The app does not notice: some hundreds of behaviours of a page, with the recorder in it and without, and no difference."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser

from e2e.test_page import Site, site  # noqa: F401

BEHAVIOURS = """async () => {
  const said = {};
  // Chromium words an empty body in two ways, by whether it was there already.
  const words = (error) => `${error?.constructor?.name} ${error?.name}: ${error?.message}`.replace("Failed to execute 'json' on 'Response': Unexpected", "Unexpected");
  const tried = async (name, work) => {
    try { said[name] = (await work()) ?? null; } catch (error) { said[name] = words(error); }
  };
  const order = [];
  const body = (kind) => ({
    none: undefined, text: "hällo", blob: new Blob(["b"], { type: "text/x" }), bytes: new Uint8Array([0, 255, 1]), buffer: new ArrayBuffer(3),
    params: new URLSearchParams({ a: "1 &", b: "ü" }), form: Object.assign(new FormData(), {}), file: new File(["x"], "a (1).png"),
    stream: new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("s")); c.close(); } }),
    object: { toString() { order.push("toString"); return "o"; } }, number: 5, nothing: null,
  })[kind];
  const kinds = ["none", "text", "blob", "bytes", "buffer", "params", "form", "file", "object", "number", "nothing"];
  // fetch: every method with every body, as a URL and as a Request, and what comes of it.
  for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "post", "options"]) {
    for (const kind of kinds) {
      for (const as of ["url", "request"]) {
        await tried(`fetch ${method} ${kind} ${as}`, async () => {
          const init = { method, body: body(kind) };
          const request = as === "request" ? new Request("/echo", init) : null;
          const response = await (request ? fetch(request) : fetch("/echo", init));
          const text = (await response.text()).replace(/-{4,}\\w+/g, "boundary");
          return [response.status, response.type, response.ok, response.redirected, response.bodyUsed, request?.bodyUsed,
            [...response.headers.keys()].join(), text];
        });
      }
    }
  }
  await tried("fetch stream", () => fetch("/echo", { method: "POST", body: body("stream"), duplex: "half" }).then((r) => r.status));
  await tried("fetch stream without duplex", () => fetch("/echo", { method: "POST", body: body("stream") }));
  // Readers of a response.
  for (const read of ["text", "json", "blob", "arrayBuffer", "formData", "bytes"]) {
    for (const url of ["/json", "/bytes", "/nowhere"]) {
      await tried(`read ${read} ${url}`, async () => {
        const response = await fetch(url);
        const value = await response[read]();
        return [Object.prototype.toString.call(value), value.size ?? value.byteLength ?? value.length ?? JSON.stringify(value), response.bodyUsed];
      });
      await tried(`read ${read} twice ${url}`, async () => { const r = await fetch(url); await r[read](); return r[read](); });
      await tried(`clone then ${read} ${url}`, async () => {
        const r = await fetch(url); const c = r.clone(); await r.arrayBuffer();
        return [r.bodyUsed, c.bodyUsed, Object.prototype.toString.call(await c[read]())];
      });
    }
  }
  await tried("locked", async () => { const r = await fetch("/json"); r.body.getReader(); return r.text(); });
  await tried("locked clone", async () => { const r = await fetch("/json"); r.body.getReader(); return r.clone(); });
  await tried("byob", async () => {
    const reader = (await fetch("/bytes")).body.getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(8)); return [...value];
  });
  await tried("tee", async () => {
    const [a, b] = (await fetch("/json")).body.tee();
    return [await new Response(a).text(), await new Response(b).text()];
  });
  for (const mode of ["cors", "same-origin", "no-cors", "navigate", "websocket", "x"]) {
    for (const url of ["/json", "http://127.0.0.1:1/", "data:text/plain,hi", "blob:nothing", "about:blank", "ftp://x/", "//", "http://[", ""]) {
      await tried(`mode ${mode} ${url}`, () => fetch(url, { mode }).then((r) => [r.type, r.status]));
    }
  }
  for (const [name, value] of Object.entries({ credentials: "x", cache: "only-if-cached", redirect: "error", referrer: "http://[", integrity: "sha256-x", keepalive: true,
    priority: "x", window: 1, signal: {}, headers: { "": "" }, referrerPolicy: "x", method: "CONNECT" })) {
    await tried(`init ${name}`, () => fetch("/json", { [name]: value }).then((r) => r.status));
  }
  for (const argument of [undefined, null, 0, NaN, Symbol.iterator, {}, [], () => 1, new URL("/json", location.href), "/json#x", " /json "]) {
    await tried(`argument ${String(argument)}`, () => fetch(argument).then((r) => [r.status, r.url.replace(new RegExp(`^${location.href}$`), "self").replace(new RegExp(`^${location.href}$`), "self").replace(/:\\d+/, "")]));
  }
  // When things settle: what is asked first is not overtaken by our doing.
  await tried("settlement", async () => {
    const seen = [];
    const aborted = fetch("/json", { signal: AbortSignal.abort() }).catch(() => seen.push("aborted"));
    Promise.resolve().then(() => seen.push("micro 1")).then(() => seen.push("micro 2")).then(() => seen.push("micro 3"));
    const bad = fetch("http://[").catch(() => seen.push("bad"));
    queueMicrotask(() => seen.push("queued"));
    seen.push("sync");
    await Promise.all([aborted, bad]);
    return seen;
  });
  await tried("synchronous part", async () => {
    const seen = [];
    const promise = fetch("/echo", { method: "POST", body: "x" }); promise.then(() => seen.push("then"));
    seen.push("after"); await promise; return seen;
  });
  for (const when of ["before", "headers", "body"]) {
    await tried(`abort ${when}`, async () => {
      const control = new AbortController();
      if (when === "before") control.abort(new RangeError("mine"));
      const response = await fetch("/endless/" + when, { signal: control.signal });
      if (when === "headers") { control.abort(); return response.text(); }
      const reader = response.body.getReader(); await reader.read(); control.abort("text"); return reader.read();
    });
  }
  await tried("timeout", () => fetch("/endless/timeout", { signal: AbortSignal.timeout(30) }).then((r) => r.text()));
  // XMLHttpRequest: every type with every method, its events in order.
  for (const type of ["", "text", "json", "blob", "arraybuffer", "document", "x"]) {
    for (const method of ["GET", "POST", "HEAD"]) {
      for (const url of ["/json", "/bytes", "/nowhere", "http://127.0.0.1:1/"]) {
        await tried(`xhr ${type} ${method} ${url}`, () => new Promise((done, fail) => {
          const xhr = new XMLHttpRequest(), events = [];
          for (const name of ["loadstart", "progress", "load", "error", "abort", "timeout", "loadend", "readystatechange"])
            xhr.addEventListener(name, (e) => { if (name !== "progress") events.push(name === "readystatechange" ? xhr.readyState : e.type); if (name === "loadend") setTimeout(() => done([events.join(), xhr.status, xhr.statusText, xhr.responseURL.replace(/:\\d+/, ""), Object.prototype.toString.call(xhr.response), xhr.responseType]), 0); });
          try { xhr.open(method, url); xhr.responseType = type; xhr.send(method === "POST" ? "x" : null); } catch (error) { fail(error); }
        }));
      }
    }
  }
  const xhrs = {
    "send unopened": (x) => x.send(), "open bad": (x) => x.open("A B", "/json"), "open trace": (x) => x.open("TRACE", "/json"), "open no argument": (x) => x.open(),
    "header unopened": (x) => x.setRequestHeader("a", "b"), "header bad": (x) => { x.open("GET", "/json"); x.setRequestHeader("a b", "c"); },
    "sync": (x) => { x.open("GET", "/json", false); x.send(); return [x.status, x.responseText, x.readyState]; },
    "sync type": (x) => { x.open("GET", "/json", false); x.responseType = "json"; },
    "sync fails": (x) => { x.open("GET", "http://127.0.0.1:1/", false); x.send(); },
    "send twice": (x) => { x.open("GET", "/json"); x.send(); x.send(); },
    "abort": (x) => { x.open("GET", "/endless/x"); x.send(); x.abort(); return [x.readyState, x.status]; },
    "text of json": (x) => { x.open("GET", "/json", false); x.send(); x.responseXML; return x.getAllResponseHeaders().split("\\r\\n").map((l) => l.split(":")[0]).join(); },
    "foreign": () => XMLHttpRequest.prototype.open.call({}, "GET", "/"), "foreign send": () => XMLHttpRequest.prototype.send.call({}),
    "reused": (x) => { x.open("GET", "/json", false); x.send(); x.open("GET", "/nowhere", false); x.send(); return x.status; },
    "overridden": (x) => { x.overrideMimeType("text/plain; charset=latin1"); x.open("GET", "/bytes", false); x.send(); return x.responseText.length; },
  };
  for (const [name, work] of Object.entries(xhrs)) await tried(`xhr, ${name}`, () => work(new XMLHttpRequest()));
  // An object says what text it is as often as the browser asks it, and in that order.
  const asked = [];
  const says = (text, name = text) => ({ toString() { asked.push(name); return text; } });
  const refuses = { toString() { asked.push("refused"); throw new RangeError("not me"); } };
  const spoken = {
    "open": (x) => x.open(says("GET"), says("/json"), true, says("user"), says("word")), "open too little": (x) => x.open(says("GET")),
    "open refused": (x) => x.open(says("GET"), refuses), "open method refused": (x) => x.open(refuses, "/json"), "open symbol": (x) => x.open("GET", Symbol("s")),
    "open URL": (x) => x.open("GET", new URL("/json", location.href)), "open nothing": (x) => x.open("GET", null), "open foreign": () => XMLHttpRequest.prototype.open.call({}, says("GET"), says("/json")),
    "header": (x) => { x.open("GET", "/json"); x.setRequestHeader(says("x-a"), says("b")); }, "header refused": (x) => { x.open("GET", "/json"); x.setRequestHeader("x-a", refuses); },
    "fetch": () => fetch(says("/json")).then((r) => r.status), "fetch refused": () => fetch(refuses), "fetch symbol": () => fetch(Symbol("s")),
    "fetch array": () => fetch(["/json"]).then((r) => r.status), "fetch function": () => fetch(() => "/json").then((r) => r.status),
    "beacon": () => navigator.sendBeacon(says("/echo"), "x"), "beacon refused": () => navigator.sendBeacon(refuses, "x"),
    "listening": () => { const source = new EventSource(says("/nowhere")); source.addEventListener(says("news"), () => {}); source.close(); },
    "listening refused": () => { const source = new EventSource("/nowhere"); try { source.addEventListener(refuses, () => {}); } finally { source.close(); } },
    "socket": () => { new WebSocket(says(`ws://${location.host}/socket`), says("a")).close(); },
  };
  for (const [name, work] of Object.entries(spoken)) {
    asked.length = 0;
    await tried(`says, ${name}`, async () => (await work(new XMLHttpRequest())) ?? null);
    said[`says, ${name}: asked`] = asked.join();
  }
  // WebSocket and EventSource.
  const socketAddress = `ws://${location.host}/socket`;
  for (const [name, work] of Object.entries({
    "no new": () => WebSocket(socketAddress), "bad": () => new WebSocket("http://["), "scheme": () => new WebSocket("ftp://x"), "relative": () => new WebSocket("/socket").url.replace(/:\\d+/, ""),
    "fragment": () => new WebSocket(socketAddress + "#x").url, "protocol": () => new WebSocket(socketAddress, "a b"), "protocols twice": () => new WebSocket(socketAddress, ["a", "a"]),
    "none": () => new WebSocket(), "foreign": () => WebSocket.prototype.send.call({}, "x"), "early": () => new WebSocket(socketAddress).send("x"),
    "close code": () => new WebSocket(socketAddress).close(1), "close reason": () => new WebSocket(socketAddress).close(3000, "x".repeat(200)), "binaryType": () => { const s = new WebSocket(socketAddress); s.binaryType = "x"; return s.binaryType; },
    "talk": () => new Promise((done) => { const s = new WebSocket(socketAddress), e = []; s.onopen = () => { e.push("open"); s.send("a"); s.send(new Uint8Array([1])); }; s.onmessage = (m) => e.push(m.data, m.origin.replace(/:\\d+/, "")); s.onclose = (c) => done([...e, c.code, c.reason, c.wasClean, s.readyState, c.isTrusted]); }),
    "refused": () => new Promise((done) => { const s = new WebSocket(`ws://${location.host}/json`), e = []; s.onerror = (x) => e.push(x.type); s.onclose = (c) => done([...e, c.code, c.wasClean]); }),
  })) await tried(`socket, ${name}`, work);
  for (const [name, work] of Object.entries({
    "no new": () => EventSource("/x"), "bad": () => new EventSource("http://["), "url": () => { const s = new EventSource("/endless/es"); s.close(); return [s.url.replace(/:\\d+/, ""), s.readyState, s.withCredentials]; },
    "message": () => new Promise((done) => { const s = new EventSource("/endless/es2"), e = []; s.onopen = (x) => e.push(x.type); s.onmessage = (m) => { s.close(); done([...e, m.data, m.type, m.lastEventId, m.isTrusted, m.constructor.name]); }; }),
    "no stream": () => new Promise((done) => { const s = new EventSource("/json"); s.onerror = (e) => done([e.type, s.readyState, e.constructor.name]); }),
    "handler": () => { const s = new EventSource("/endless/es3"); s.onmessage = 5; const was = s.onmessage; s.close(); return was; },
  })) await tried(`source, ${name}`, work);
  await tried("beacon", () => [navigator.sendBeacon("/echo", "x"), navigator.sendBeacon("/echo")]);
  await tried("beacon bad", () => navigator.sendBeacon("http://["));
  await tried("beacon none", () => navigator.sendBeacon());
  await tried("beacon foreign", () => navigator.sendBeacon.call({}, "/"));
  // Random values, digests and cookies.
  const bytes = (n) => new Uint8Array(n);
  for (const [name, work] of Object.entries({
    "uuid": () => crypto.randomUUID().length, "uuid foreign": () => Crypto.prototype.randomUUID.call({}), "uuid argument": () => crypto.randomUUID(5).length,
    "random": () => { const a = bytes(4); return crypto.getRandomValues(a) === a; }, "random none": () => crypto.getRandomValues(), "random float": () => crypto.getRandomValues(new Float32Array(1)),
    "random large": () => crypto.getRandomValues(bytes(65537)), "random foreign": () => Crypto.prototype.getRandomValues.call({}, bytes(1)), "random null": () => crypto.getRandomValues(null),
    "digest": async () => [...new Uint8Array(await crypto.subtle.digest("SHA-1", bytes(3)))].join(), "digest none": () => crypto.subtle.digest(), "digest bad": () => crypto.subtle.digest("X", bytes(1)),
    "digest text": () => crypto.subtle.digest("SHA-1", "text"), "digest foreign": () => SubtleCrypto.prototype.digest.call({}, "SHA-1", bytes(1)), "digest null": () => crypto.subtle.digest(null, bytes(1)),
    "digest asked": async () => { const seen = []; await crypto.subtle.digest({ get name() { seen.push("name"); return "SHA-1"; } }, bytes(1)); return seen; },
    "digest promise": () => { const p = crypto.subtle.digest("SHA-1", bytes(1)); return [p instanceof Promise, Object.getPrototypeOf(p) === Promise.prototype, String(p)]; },
    "digest unhandled": () => new Promise((done) => { addEventListener("unhandledrejection", (e) => { e.preventDefault(); done(words(e.reason)); }, { once: true }); crypto.subtle.digest("X", bytes(1)); }),
    "sign bad": () => crypto.subtle.sign("HMAC", null, bytes(1)), "sign none": () => crypto.subtle.sign(),
    "cookie": () => { document.cookie = "citizen=1; path=/"; const was = document.cookie; document.cookie = "citizen=; max-age=0; path=/"; return [was, document.cookie]; },
    "cookie asked": () => { const seen = []; document.cookie = { toString() { seen.push("text"); return "a=b; max-age=0"; } }; return seen; },
    "cookie refused": () => { document.cookie = { toString() { throw new RangeError("not me"); } }; }, "cookie symbol": () => { document.cookie = Symbol("s"); },
    "cookie foreign": () => Object.getOwnPropertyDescriptor(Document.prototype, "cookie").set.call({}, "a=b"), "cookie set": () => Reflect.set(document, "cookie", "x=1; max-age=0"),
  })) await tried(`made, ${name}`, work);
  await tried("xhr heard", () => new Promise((done) => { const x = new XMLHttpRequest(), e = []; for (const t of ["load", "loadend", "readystatechange"]) x.addEventListener(t, (v) => { e.push(v.type + x.readyState); v.stopImmediatePropagation(); if (t === "loadend") done(e); }); x.open("GET", "/json"); x.send(); }));
  await tried("xhr own", () => { class Own extends XMLHttpRequest { constructor() { super(); this.mine = 1; } } const x = new Own(); return [x instanceof Own, x instanceof XMLHttpRequest, x.constructor === Own, x.mine, XMLHttpRequest.prototype.constructor === XMLHttpRequest, XMLHttpRequest.DONE, Object.getPrototypeOf(XMLHttpRequest).name]; });
  await tried("xhr no new", () => XMLHttpRequest());
  // What scripts see when they look: names, lengths, sources, flags, prototypes.
  for (const [owner, object] of Object.entries({ window, "fetch.prototype": Function.prototype, XMLHttpRequest, "XMLHttpRequest.prototype": XMLHttpRequest.prototype,
    WebSocket, "WebSocket.prototype": WebSocket.prototype, EventSource, "EventSource.prototype": EventSource.prototype, navigator: Navigator.prototype,
    Response: Response.prototype, Request: Request.prototype, Headers: Headers.prototype, FormData: FormData.prototype, History: History.prototype,
    HTMLFormElement: HTMLFormElement.prototype, EventTarget: EventTarget.prototype, Promise, JSON, Worker: Worker.prototype,
    Crypto: Crypto.prototype, SubtleCrypto: SubtleCrypto.prototype, Document: Document.prototype })) {
    for (const name of Reflect.ownKeys(object)) {
      if (owner === "window" && !["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "Worker", "Request", "Response", "JSON", "Promise", "onbeforeunload", "onpagehide"].includes(name)) continue;
      const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, name);
      const about = (it) => typeof it === "function" ? [it.name, it.length, Function.prototype.toString.call(it), Object.hasOwn(it, "prototype"), Reflect.ownKeys(it).map(String).sort().join()] : [typeof it];
      said[`${owner}.${String(name)}`] = [flags, value === undefined ? null : about(value), get ? about(get) : null, set ? about(set) : null];
    }
  }
  said["own names"] = [Reflect.ownKeys(window).map(String).filter((n) => !/^\\d+$/.test(n) && n !== "Symbol(api-recorder)").sort(), Reflect.ownKeys(document).map(String).sort()];
  await tried("instances", () => [new WebSocket(socketAddress) instanceof WebSocket, new XMLHttpRequest() instanceof XMLHttpRequest, String(new XMLHttpRequest()), String(new WebSocket(socketAddress)), WebSocket.prototype.constructor === WebSocket,
    Object.getPrototypeOf(WebSocket) === EventTarget, Object.getPrototypeOf(EventSource) === EventTarget, Reflect.construct(WebSocket, [socketAddress], class extends WebSocket {}) instanceof WebSocket]);
  for (const [name, owner] of [["fetch", window], ["WebSocket", window], ["EventSource", window], ["XMLHttpRequest", window]]) {
    await tried(`replaced ${name}`, () => { const was = owner[name]; owner[name] = 1; const now = owner[name]; owner[name] = was; return [now, owner[name] === was]; });
    await tried(`new ${name}`, () => typeof new owner[name]());
    await tried(`construct ${name}`, () => Reflect.construct(Object, [], owner[name]) && "constructor");
  }
  await tried("console", () => Object.entries(console).length);
  await tried("performance", async () => { performance.clearResourceTimings(); await fetch("/json?measured"); while (!performance.getEntriesByName(location.origin + "/json?measured").length) await new Promise((d) => setTimeout(d, 20)); return performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname + e.initiatorType).filter((n) => n.startsWith("/json")); });
  return said;
}"""

SEEN = {"EventSource.prototype.addEventListener"}
"""What there is in a page with the recorder that is not there without, beside a mark on the window that the script has
been there, and its name in the stack of an error that a patched function throws at once."""


def test_a_page_with_the_recorder_in_it_behaves_in_every_way_as_one_without(
    site: Site,  # noqa: F811
    chromium: Browser,
    promise: Callable[..., None],
) -> None:
    answers: dict[str, dict[str, Any]] = {}
    for path, recording in (("/plain", False), ("/", True)):
        page = chromium.new_page()
        site.recording, site.session = recording, int(recording)
        page.goto(site.url + path)
        answers[path] = page.evaluate(BEHAVIOURS)
        page.close()
    plain, ours = answers["/plain"], answers["/"]
    broken = [
        f"{name}: {json.dumps(plain.get(name))[:300]} became {json.dumps(ours.get(name))[:300]}"
        for name in {**plain, **ours}
        if plain.get(name) != ours.get(name) and name not in SEEN
    ]
    assert len(plain) > 600
    promise("page: behaves the same with and without the recorder", len(plain), broken)
