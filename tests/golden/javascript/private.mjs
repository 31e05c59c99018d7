// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");

/**
 * Make the recorded calls in order, and return the last result.
 * @param {object} [options]
 * @param {string} [options.text]
 * @param {string} [options.text_2]
 * @returns {Promise<unknown>}
 */
export async function run({ text = "a", text_2 = "b" } = {}) {
    const client = await Client.connect(URL_OF_APP);
    try {
        const [text_3] = await call(client, 8, [text]);
        show("secret", text_3);

        const [text_4] = (await client.predict("/say", { "text": text_2 })).data;
        show("say", text_4);

        const [text_5] = await call(client, 8, [text_4]);
        show("secret_2", text_5);

        return text_5;
    } finally {
        client.close();
    }
}

/** Make a call the way the app's own page does, where the client cannot. */
async function call(client, fn_index, data, event = {}) {
    for await (const message of messages(client, fn_index, data, event)) {
        if (message.msg === "process_completed") {
            if (message.success) return message.output.data;
            throw new Error(message.output.error ?? "the app raised an error without a text");
        }
    }
    throw new Error("the app closed the connection before the call was over");
}

/** Join the app's queue within the client's session, and hear what becomes of it. */
async function* messages(client, fn_index, data, event) {
    const api = `${client.config.root}${client.api_prefix}`;
    const joined = await client.fetch(`${api}/queue/join`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: encode({ data, fn_index, session_hash: client.session_hash, ...event }),
    });
    if (!joined.ok) throw new Error(await joined.text());
    const { event_id } = await joined.json();
    const stream = await client.fetch(`${api}/queue/data?session_hash=${client.session_hash}`);
    if (!stream.ok) throw new Error(await stream.text());
    let rest = [];
    for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
        const lines = chunk.split("\n");
        if (lines.length > 1) lines[0] = rest.splice(0).join("") + lines[0];
        rest.push(lines.pop());
        for (const line of lines) {
            if (!line.startsWith("data:")) continue;
            const message = JSON.parse(line.slice(5));
            if (message.event_id === event_id) yield message;
        }
    }
}

/** JSON with every number that Python's has: large integers, negative zero, NaN and the infinities. */
function encode(value) {
    if (typeof value === "bigint" || typeof value === "number") return Object.is(value, -0) ? "-0.0" : String(value);
    if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
    if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
    return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${encode(item)}`).join()}}`;
}

/** Print results on one line, cut where they get long. */
function show(name, ...values) {
    const text = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" ");
    console.log(`${name}:`, text.length > 1000 ? `${text.slice(0, 1000)}... (${text.length} characters)` : text);
}

const main = process.argv[1] ?? "";
if (existsSync(main) && import.meta.url === pathToFileURL(realpathSync(main)).href) {
    await run();
    process.exit(); // a closed client may still listen for the app's heartbeat
}
