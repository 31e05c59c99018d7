const every = (selector) => [...document.querySelectorAll(selector)];
const choose = (language) => {
  for (const button of every("#languages button")) button.setAttribute("aria-pressed", String(button.dataset.language === language));
  for (const snippet of every(".snippet")) snippet.hidden = snippet.dataset.language !== language;
};
document.getElementById("languages").hidden = false;
for (const button of every("#languages button")) button.addEventListener("click", () => choose(button.dataset.language));
choose("python");
for (const button of every(".copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}
const search = document.getElementById("search");
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  for (const section of every("section")) {
    // The names of all are in the one about tools.
    const isShown = section.id === "tools" ? !wanted : section.textContent.toLowerCase().includes(wanted);
    section.hidden = !isShown;
    document.querySelector(`nav a[href="#${CSS.escape(section.id)}"]`).parentElement.hidden = !isShown;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(?:INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) return;
  event.preventDefault();
  search.focus();
});

const asUrl = (file) =>
  new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
const valueOf = async (field) => {
  if (field.type === "file") {
    const urls = await Promise.all([...field.files].map(asUrl));
    return field.dataset.control === "files" ? (urls.length ? urls : undefined) : urls[0];
  }
  if (field.dataset.control === "text") return field.value;
  return field.value.trim() ? JSON.parse(field.value) : undefined;
};
const element = (name, properties) => Object.assign(document.createElement(name), properties);
const shown = (value) => {
  const url = value?.url;
  if (typeof url === "string" && url.startsWith("data:")) {
    if (url.startsWith("data:image/")) return element("img", { src: url, alt: value.name });
    if (url.startsWith("data:audio/")) return element("audio", { src: url, controls: true });
    if (url.startsWith("data:video/")) return element("video", { src: url, controls: true });
    return element("a", { href: url, download: value.name, textContent: value.name });
  }
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return element("pre", { textContent: text, tabIndex: 0 });
};
const call = async (form, result, signal) => {
  const given = {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const value = await valueOf(field).catch((error) => Promise.reject(new Error(`${field.dataset.field}: ${error.message}`)));
    if (value !== undefined) given[field.dataset.field] = value;
  }
  const where = new URL(`call/${encodeURIComponent(form.dataset.name)}`, location.href);
  const key = document.querySelector("meta[name=recorder-key]").content;
  const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${key}` };
  const answer = await fetch(where, { method: "POST", headers, body: JSON.stringify(given), signal });
  if (!answer.ok) throw new Error((await answer.json()).error);
  const show = (outputs, isOver) => {
    const parts = Object.entries(outputs).flatMap(([name, value]) => [element("h3", { textContent: name }), shown(value)]);
    if (!parts.length) parts.push(element("p", { textContent: isOver ? "Done: it gives nothing." : "…" }));
    result.setAttribute("aria-busy", String(!isOver));
    result.replaceChildren(...parts);
  };
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const [, kind, data] = /^event: (\w+)\ndata: (.*)$/s.exec(event);
      const said = JSON.parse(data);
      if (kind === "error") throw new Error(said.error);
      show(said.outputs, kind === "done");
    }
  }
};
for (const form of every(".try form")) {
  const [button, result] = [form.querySelector("button"), form.nextElementSibling];
  let running;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (running) return running.abort();
    running = new AbortController();
    button.textContent = "Stop";
    result.replaceChildren();
    try {
      await call(form, result, running.signal);
    } catch (error) {
      const text = running.signal.aborted ? "Stopped." : error.message;
      result.replaceChildren(element("p", { className: "wrong", textContent: text }));
    }
    running = undefined;
    button.textContent = "Call";
  });
}
