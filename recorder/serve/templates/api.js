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
