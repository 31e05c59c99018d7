// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");

/**
 * Make the recorded calls in order.
 * @param {object} [options]
 * @param {number} [options.number]
 * @returns {Promise<void>}
 */
export async function run({ number = 3 } = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [value] = (await client.predict("/count", { "number": number })).data;
        show("count", value);

        await client.predict("/take", { "value": value });
        console.log("take: done");
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
