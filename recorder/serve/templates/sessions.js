const status = document.getElementById("said");
const compare = document.getElementById("compare");
const tell = (text, isWrong = false) => {
  status.textContent = text;
  status.className = isWrong ? "said wrong" : "said";
};
const at = (row, rest = "") => `sessions/${encodeURIComponent(row.dataset.name)}${rest}`;
const ask = async (method, where, body) => {
  const key = document.querySelector("meta[name=recorder-key]").content;
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(new URL(where, location.href), { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
};
const lines = async (answer) => (await answer.text()).split("\n").filter(Boolean).map((line) => JSON.parse(line));
const acts = {
  async again(row) {
    tell(`Replaying ${row.dataset.name}…`);
    const said = (await lines(await ask("POST", at(row, "/panel"), { t: "again" }))).filter((one) => one.t === "ran").at(-1);
    tell(`${row.dataset.name}: ${said.summary}`, !said.ok);
  },
  async give(row, what) {
    const [given] = await lines(await ask("POST", at(row, "/panel"), { t: "take", what }));
    if (given.error) throw new Error(given.error);
    const bytes = Uint8Array.from(atob(given.data), (char) => char.charCodeAt(0));
    const href = URL.createObjectURL(new Blob([bytes], { type: given.type }));
    Object.assign(document.createElement("a"), { href, download: given.name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  },
  async delete(row) {
    if (!confirm(`Delete ${row.dataset.name} and its files?`)) return;
    await ask("DELETE", at(row));
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    choose();
    (next?.querySelector("[data-do=delete]") ?? document.querySelector("a"))?.focus();
    tell(`${row.dataset.name} is deleted.`);
  },
  async rename(row) {
    const link = row.querySelector("a");
    const field = Object.assign(document.createElement("input"), { type: "text", value: row.dataset.name.replace(/\.json$/, "") });
    field.setAttribute("aria-label", `New name of ${row.dataset.name}`);
    link.hidden = true;
    link.after(field);
    field.select();
    await new Promise((done, failed) => {
      let isOver = false;
      const end = async (isKept) => {
        if (isOver) return;
        isOver = true;
        try {
          if (isKept && field.value.trim() && `${field.value.trim()}.json` !== row.dataset.name) {
            const { name } = await (await ask("POST", at(row, "/name"), { name: field.value })).json();
            for (const element of row.querySelectorAll("[aria-label]")) {
              element.setAttribute("aria-label", element.getAttribute("aria-label").replace(row.dataset.name, name));
            }
            row.dataset.name = name;
            link.textContent = name;
            link.href = at(row);
            tell(`It is ${name} now.`);
          }
          done();
        } catch (error) {
          failed(error);
        } finally {
          field.remove();
          link.hidden = false;
          link.focus();
        }
      };
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === "Escape") void end(event.key === "Enter");
      });
      field.addEventListener("blur", () => void end(true));
    });
  },
};
const chosen = () => [...document.querySelectorAll("tbody input[type=checkbox]:checked")].map((box) => box.closest("tr"));
const choose = () => (compare.disabled = chosen().length !== 2);
for (const row of document.querySelectorAll("tbody tr")) {
  row.querySelector("input").addEventListener("change", choose);
  for (const button of row.querySelectorAll("[data-do]")) {
    button.addEventListener("click", async () => {
      const what = button.dataset.do;
      button.disabled = true;
      try {
        await (acts[what] ?? ((there) => acts.give(there, what)))(row);
      } catch (error) {
        tell(error.message, true);
      }
      button.disabled = false;
    });
  }
}
compare?.addEventListener("click", () => {
  // The one recorded first is what the other is held against.
  const [second, first] = chosen();
  location.href = `${at(first)}?compare=${encodeURIComponent(second.dataset.name)}`;
});
