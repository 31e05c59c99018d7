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
 * @param {unknown[]} [options.value]
 * @param {string[]} [options.value_2]
 * @param {unknown[][]} [options.value_3]
 * @param {Record<string, unknown>[]} [options.value_4]
 * @param {number[]} [options.value_5]
 * @param {boolean[]} [options.value_6]
 * @returns {Promise<void>}
 */
export async function run({
    value = [null],
    value_2 = [""],
    value_3 = [[]],
    value_4 = [{}],
    value_5 = [0],
    value_6 = [false],
} = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        await client.predict("/take", { "value": value });
        console.log("take: done");

        await client.predict("/take", { "value": { "k": null } });
        console.log("take_2: done");

        await client.predict("/take", { "value": value_2 });
        console.log("take_3: done");

        await client.predict("/take", { "value": { "k": "" } });
        console.log("take_4: done");

        await client.predict("/take", { "value": value_3 });
        console.log("take_5: done");

        await client.predict("/take", { "value": { "k": [] } });
        console.log("take_6: done");

        await client.predict("/take", { "value": value_4 });
        console.log("take_7: done");

        await client.predict("/take", { "value": { "k": {} } });
        console.log("take_8: done");

        await client.predict("/take", { "value": value_5 });
        console.log("take_9: done");

        await client.predict("/take", { "value": { "k": 0 } });
        console.log("take_10: done");

        await client.predict("/take", { "value": value_6 });
        console.log("take_11: done");

        await client.predict("/take", { "value": { "k": false } });
        console.log("take_12: done");
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
}

const main = process.argv[1] ?? "";
if (existsSync(main) && import.meta.url === pathToFileURL(realpathSync(main)).href) {
    await run();
    process.exit();
}
