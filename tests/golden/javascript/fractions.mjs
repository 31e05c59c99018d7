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
 * @param {number[]} [options.value]
 * @param {number[]} [options.value_2]
 * @param {number[]} [options.value_3]
 * @param {number[]} [options.value_4]
 * @param {number[]} [options.value_5]
 * @returns {Promise<void>}
 */
export async function run({
    value = [0.1],
    value_2 = [1e+300],
    value_3 = [5e-324],
    value_4 = [-0],
    value_5 = [1e+22],
} = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        await client.predict("/take", { "value": value });
        console.log("take: done");

        await client.predict("/take", { "value": { "k": 0.1 } });
        console.log("take_2: done");

        await client.predict("/take", { "value": value_2 });
        console.log("take_3: done");

        await client.predict("/take", { "value": { "k": 1e+300 } });
        console.log("take_4: done");

        await client.predict("/take", { "value": value_3 });
        console.log("take_5: done");

        await client.predict("/take", { "value": { "k": 5e-324 } });
        console.log("take_6: done");

        await call(client, 0, [value_4]);
        console.log("take_7: done");

        await call(client, 0, [{ "k": -0 }]);
        console.log("take_8: done");

        await client.predict("/take", { "value": value_5 });
        console.log("take_9: done");

        await client.predict("/take", { "value": { "k": 1e+22 } });
        console.log("take_10: done");
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
}

/** Make a call the way the app's own page does, where the client cannot. */
async function call(client, fn_index, data, event = {}) {
    for await (const message of messages(client, fn_index, data, event)) {
        if (message.msg === "process_completed") return result_of(message);
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

const main = process.argv[1] ?? "";
if (existsSync(main) && import.meta.url === pathToFileURL(realpathSync(main)).href) {
    await run();
    process.exit();
}
