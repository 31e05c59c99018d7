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
 * @returns {Promise<unknown>}
 */
export async function run({ text = "\u202egnp.exe \u200f\u2066\ufeff\u200b" } = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [text_2] = (await client.predict("/say", { "text": text })).data;
        show("say", text_2);

        await client.predict(
            "/take",
            {
                "value": {
                    "\u202egnp.exe \u200f\u2066\ufeff\u200b": [
                        "\u202egnp.exe \u200f\u2066\ufeff\u200b",
                        "x\u202egnp.exe \u200f\u2066\ufeff\u200by",
                    ],
                },
            },
        );
        console.log("take: done");

        const [text_3] = (await client.predict("/say", { "text": text_2 })).data;
        show("say_2", text_3);

        return text_3;
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
