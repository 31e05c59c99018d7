/**
 * Values as a person looks at them: text, tables, pictures, sounds and what else a file may be.
 */
import { natives } from "../recorder/natives.js";
import { ICONS, icon, make } from "./elements.js";

/** @typedef {{name: string, path?: string, type?: string | null, size?: number | null, lost?: string}} KeptFile */
/** @typedef {(path: string) => Promise<import("../recorder/words.js").Given>} Reads */

const MOST_ROWS = 12;
const MOST_COLUMNS = 8;

/**
 * The file that a value is, if it is one.
 * @param {any} value
 * @returns {KeptFile | null}
 */
function fileOf(value) {
  return value !== null && typeof value === "object" && value.$file && typeof value.$file.name === "string" ? value.$file : null;
}

/**
 * The first file in a value.
 * @param {any} value
 * @param {number} [depth]
 * @returns {KeptFile | null}
 */
export function fileIn(value, depth = 4) {
  if (value === null || typeof value !== "object" || depth === 0) return null;
  const found = fileOf(value);
  if (found) return found;
  for (const item of Object.values(value)) {
    const inside = fileIn(item, depth - 1);
    if (inside) return inside;
  }
  return null;
}

/**
 * With the name of a secret where the recording has a placeholder of its own.
 * @param {string} text
 */
function withNames(text) {
  return text.replace(/\[recorder-secret:[0-9a-f]{16}:([A-Z0-9_]+)\]/g, "$1");
}

/**
 * A value in one line.
 * @param {any} value
 * @returns {string}
 */
export function inShort(value) {
  const file = fileOf(value);
  if (file) return file.name;
  if (value !== null && typeof value === "object" && Array.isArray(value.headers) && Array.isArray(value.data)) {
    return `table, ${value.data.length} × ${value.headers.length}`;
  }
  if (typeof value === "string") {
    const text = withNames(value);
    return `"${text.length > 200 ? `${text.slice(0, 200)}…` : text}"`;
  }
  if (value !== null && typeof value === "object" && typeof value.$number === "string") return value.$number;
  if (Array.isArray(value)) return `[${value.slice(0, 12).map(inShort).join(", ")}${value.length > 12 ? ", …" : ""}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).slice(0, 8);
    return `{${members.map(([key, item]) => `${key}: ${inShort(item)}`).join(", ")}}`;
  }
  return natives.stringify(value);
}

/**
 * The rows of a table, the names of the columns first where it has any; null if it is none.
 * @param {any} value
 * @returns {{headers: string[], rows: any[][]} | null}
 */
function tableOf(value) {
  const rows = Array.isArray(value) ? value : value !== null && typeof value === "object" ? value.data : null;
  const isTable = Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row));
  if (!isTable) {
    const isRecords = Array.isArray(value) && value.length > 1 && value.every((row) => row && typeof row === "object" && !fileOf(row));
    if (!isRecords) return null;
    const headers = [...new Set(value.flatMap((row) => Object.keys(row)))].slice(0, MOST_COLUMNS);
    return { headers, rows: value.map((row) => headers.map((name) => row[name])) };
  }
  const headers = Array.isArray(value.headers) ? value.headers.map(String) : [];
  return { headers, rows };
}

/** @param {any} cell */
function cellText(cell) {
  return typeof cell === "string" ? cell : cell === undefined ? "" : inShort(cell);
}

/**
 * A value, shown.
 * @param {any} value
 * @param {Reads} read
 * @returns {HTMLElement}
 */
export function shownValue(value, read) {
  const file = fileOf(value);
  if (file) return shownFile(file, read);
  if (typeof value === "string") return make("pre", { tabindex: 0, class: "text" }, withNames(value));
  const table = tableOf(value);
  if (table) {
    const head = table.headers.slice(0, MOST_COLUMNS).map((name) => make("th", { scope: "col" }, name));
    const body = table.rows.slice(0, MOST_ROWS).map((row) => make("tr", {}, ...row.slice(0, MOST_COLUMNS).map((cell) => make("td", {}, cellText(cell)))));
    const more = table.rows.length > MOST_ROWS ? make("p", { class: "soft" }, `and ${table.rows.length - MOST_ROWS} more rows`) : null;
    const shown = make("table", {}, head.length ? make("thead", {}, make("tr", {}, ...head)) : null, make("tbody", {}, ...body));
    return make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Table" }, shown, more);
  }
  if (Array.isArray(value) && value.some((item) => fileIn(item))) {
    return make("div", { class: "files" }, ...value.map((item) => shownValue(item, read)));
  }
  const inside = fileIn(value);
  const written = typeof value === "object" && value !== null ? withNames(natives.stringify(value, null, 2)) : inShort(value);
  const text = make("pre", { tabindex: 0, class: "text" }, written);
  return inside ? make("div", {}, shownFile(inside, read), text) : text;
}

/** @param {KeptFile} file */
function sortOf(file) {
  const said = (file.type ?? "").split("/")[0] ?? "";
  if (["image", "audio", "video"].includes(said)) return said;
  if (/\.(?:png|jpe?g|gif|webp|bmp|avif)$/i.test(file.name)) return "image";
  if (/\.(?:wav|mp3|ogg|flac|m4a)$/i.test(file.name)) return "audio";
  return /\.(?:mp4|webm|mov)$/i.test(file.name) ? "video" : "";
}

/** @param {import("../recorder/words.js").Given} given */
export function blobOf(given) {
  const bytes = Uint8Array.from(atob(given.data ?? ""), (char) => char.charCodeAt(0));
  return new Blob([bytes], { type: given.type || "application/octet-stream" });
}

/**
 * @param {KeptFile} file
 * @param {Reads} read
 */
function shownFile(file, read) {
  const path = file.path;
  const size = typeof file.size === "number" ? ` · ${sized(file.size)}` : "";
  const about = make("span", { class: "soft" }, `${file.name}${size}${file.lost ? ` · not kept: ${file.lost}` : ""}`);
  if (!path) return make("div", { class: "file" }, about);
  const place = make("div", { class: "media" });
  const keep = () => void read(path).then((given) => (given.error ? place.replaceChildren(given.error) : save(blobOf(given), given.name || file.name)));
  const saves = make("button", { type: "button", class: "icon", "aria-label": `Download ${file.name}`, title: "Download", onclick: keep }, icon(ICONS.save));
  const sort = sortOf(file);
  if (sort) whenSeen(place, () => void show(sort, file, path, read, place));
  return make("div", { class: "file" }, sort ? place : null, about, saves);
}

/**
 * @param {string} sort
 * @param {KeptFile} file
 * @param {string} path
 * @param {Reads} read
 * @param {HTMLElement} place
 */
async function show(sort, file, path, read, place) {
  const given = await read(path);
  if (given.error) return place.replaceChildren(given.error);
  const blob = blobOf(given);
  if (sort === "image") {
    const picture = await drawn(blob, file.name).catch(() => null);
    return place.replaceChildren(picture ?? "cannot be shown here");
  }
  // The address keeps the bytes alive for as long as the document does: few, and cut off at a size.
  const player = make(sort === "audio" ? "audio" : "video", { controls: true, src: URL.createObjectURL(blob), "aria-label": file.name });
  place.replaceChildren(player);
}

/**
 * A picture drawn: unlike an address, which an app's policy may forbid, it needs nobody's leave.
 * @param {Blob} blob
 * @param {string} name
 */
async function drawn(blob, name) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, 640 / Math.max(bitmap.width, bitmap.height));
  const canvas = make("canvas", { role: "img", "aria-label": name, width: Math.max(1, bitmap.width * scale), height: Math.max(1, bitmap.height * scale) });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

/**
 * A small picture of a file, or its name.
 * @param {KeptFile} file
 * @param {Reads} read
 */
export function thumbnail(file, read) {
  const path = file.path;
  if (sortOf(file) !== "image" || !path) return make("span", { class: "chip" }, file.name);
  const place = make("span", { class: "thumb" }, file.name);
  whenSeen(place, () => {
    void read(path).then(async (given) => {
      const picture = given.error ? null : await drawn(blobOf(given), file.name).catch(() => null);
      if (picture) place.replaceChildren(picture);
    });
  });
  return place;
}

/** @param {number} bytes */
function sized(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * @param {Element} element
 * @param {() => void} act
 */
function whenSeen(element, act) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    act();
  });
  observer.observe(element);
}

/**
 * Hands a file to the person.
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  natives.setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
