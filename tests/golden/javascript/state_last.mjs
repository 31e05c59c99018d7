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
    const heartbeats = [client.abort_controller];
    try {
        const [text_3] = (await client.predict("/state_last", { "text": text })).data;
        show("state_last", text_3);

        const [text_4] = (await client.predict("/state_last", { "text": text_2 })).data;
        show("state_last_2", text_4);

        return text_4;
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
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
