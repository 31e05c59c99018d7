// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");
const FILES = join(dirname(fileURLToPath(import.meta.url)), "../../sessions/functions_of_controls.files");

/**
 * Make the recorded calls in order.
 * @returns {Promise<void>}
 */
export async function run() {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [add] = await ask(
            client,
            1,
            "add",
            {
                "it's": [
                    "\"\"\"\n*/ <\/script> {{ 1 }} {% x %} $(id) `id` ${x} ' # ]( <b> \u202e",
                    1152921504606846976n,
                ],
            },
        );
        show("add", add);

        await ask_form(
            client,
            1,
            "fields",
            {
                "id": "\"\"\" */ <\/script> {{ 1 }} {% x %} $(id) `id` ${x} ' # ]( <b> \u202e",
                "file": await file_at(join(FILES, "7692c3ad3540bb80/it's; 1,2.png")),
            },
        );
        console.log("fields: done");
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
}

/** Call a function that a control of the app has on the server. */
async function ask(client, component_id, fn_name, data) {
    const own = { component_id, fn_name, session_hash: client.session_hash };
    return [await post(client, "component_server/", { data, ...own })];
}

/** The same where what it takes are the fields of a form. */
async function ask_form(client, component_id, fn_name, fields) {
    const form = new FormData();
    const own = { component_id, fn_name, session_hash: client.session_hash };
    for (const [key, value] of Object.entries({ ...fields, ...own })) form.append(key, value);
    return [await post(client, "component_server/", form)];
}

/** Send what the app's own page would send; the answer. */
async function post(client, path, body) {
    const json = { headers: { "Content-Type": "application/json" } };
    const sent = body instanceof FormData ? { body } : { ...json, body: encode(body) };
    const address = `${client.config.root}${client.api_prefix}/${path}`;
    const answer = await client.fetch(address, { method: "POST", ...sent });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
}

/** JSON with every number that Python's has: large integers, negative zero, NaN and the infinities. */
function encode(value) {
    if (typeof value === "bigint" || typeof value === "number") return Object.is(value, -0) ? "-0.0" : String(value);
    if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
    if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
    return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${encode(item)}`).join()}}`;
}

/** Send a file; the app's record of it. */
async function upload(client, path) {
    const file = await file_at(path);
    const { files, error } = await client.upload_files(client.config.root, [file]);
    if (!files) throw new Error(`the app did not take the file ${file.name}: ${error}`);
    return { path: files[0], orig_name: file.name, meta: { _type: "gradio.FileData" } };
}

/** A file from disk. */
async function file_at(path) {
    return new File([await readFile(path)], basename(path));
}

/** Print results on one line, cut where they get long. */
function show(name, ...values) {
    const text = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" ");
    console.log(`${name}:`, text.length > 1000 ? `${text.slice(0, 1000)}... (${text.length} characters)` : text);
}

const main = process.argv[1] ?? "";
if (existsSync(main) && import.meta.url === pathToFileURL(realpathSync(main)).href) {
    await run();
    process.exit();
}
