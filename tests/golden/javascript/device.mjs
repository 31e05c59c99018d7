// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");
const FILES = join(dirname(fileURLToPath(import.meta.url)), "../../sessions/device.files");

/**
 * Make the recorded calls in order, and return the last result.
 * @param {object} [options]
 * @param {string} [options.text]
 * @returns {Promise<unknown>}
 */
export async function run({ text = "after" } = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [text_2] = await stream(
            client,
            13,
            [
                [
                    { "url": await data_url(join(FILES, "7692c3ad3540bb80/frame"), "text/plain") },
                    null,
                ],
                [
                    { "url": await data_url(join(FILES, "3fc4ccfe745870e2/frame"), "text/plain") },
                    null,
                ],
                [
                    { "url": await data_url(join(FILES, "24ceef1cb6b0cbc0/frame"), "text/plain") },
                    null,
                ],
            ],
        );
        show("see", text_2);

        const [text_3] = (await client.predict("/say", { "text": text })).data;
        show("say", text_3);

        return text_3;
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
}

/**
 * Make one call of all that a device sent: each frame once the app has answered the one before.
 * Where it was cut short, the device was switched off without waiting for the last answer.
 */
async function stream(client, fn_index, frames, event = {}, cut_short = false) {
    const [first, ...rest] = frames;
    let closed = false;
    for await (const message of messages(client, fn_index, first, event)) {
        if (message.msg === "process_completed") return result_of(message);
        const path = `stream/${message.event_id}`;
        const more = { fn_index, session_hash: client.session_hash, ...event };
        let answered = message.msg === "process_streaming";
        if (answered && rest.length) {
            await post(client, path, { data: rest.shift(), ...more });
            answered = false;
        }
        if (!closed && !rest.length && (answered || (cut_short && message.msg !== "estimation"))) {
            closed = true;
            await post(client, `${path}/close`, { data: [], ...more });
        }
    }
    throw new Error("the app closed the connection before the call was over");
}

/** What a call gave, which this message says. */
function result_of(message) {
    if (message.success) return message.output.data;
    throw new Error(message.output.error ?? "the app raised an error without a text");
}

/** Join the app's queue within the client's session, and hear what becomes of it. */
async function* messages(client, fn_index, data, event) {
    const { session_hash } = client;
    const { event_id } = await post(client, "queue/join", { data, fn_index, session_hash, ...event });
    const address = `${client.config.root}${client.api_prefix}/queue/data?session_hash=${session_hash}`;
    const stream = await client.fetch(address);
    if (!stream.ok) throw new Error(await stream.text());
    const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
        const rest = [];
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
            const lines = part.value.split("\n");
            if (lines.length > 1) lines[0] = rest.splice(0).join("") + lines[0];
            rest.push(lines.pop());
            for (const line of lines) {
                if (!line.startsWith("data:")) continue;
                const message = JSON.parse(line.slice(5));
                if (message.event_id === event_id) yield message;
            }
        }
    } finally {
        await reader.cancel();
    }
}

/** Send what the app's own page would send; the answer. */
async function post(client, path, body) {
    const sent = { headers: { "Content-Type": "application/json" }, body: encode(body) };
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

/** What a device saw or heard, as the page sends it. */
async function data_url(path, type) {
    return `data:${type};base64,${await readFile(path, "base64")}`;
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
