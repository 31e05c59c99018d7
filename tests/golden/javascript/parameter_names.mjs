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
 * @param {string} [options.function_]
 * @param {string} [options.new_]
 * @param {string} [options.match_]
 * @param {string} [options.class_]
 * @param {string} [options.proto]
 * @param {string} [options.self]
 * @param {string} [options.headers]
 * @param {string} [options.constructor_]
 * @returns {Promise<void>}
 */
export async function run({
    function_ = "a",
    new_ = "b",
    match_ = "c",
    class_ = "d",
    proto = "e",
    self = "f",
    headers = "g",
    constructor_ = "h",
} = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        await client.predict(
            "/names",
            [function_, new_, match_, class_, proto, self, headers, constructor_],
        );
        console.log("names: done");
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
