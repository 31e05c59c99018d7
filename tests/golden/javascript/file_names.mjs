// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");
const FILES = join(dirname(fileURLToPath(import.meta.url)), "../../sessions/file_names.files");

/**
 * Make the recorded calls in order, and return the last result.
 * @param {object} [options]
 * @param {string} [options.file]
 * @param {string} [options.file_2]
 * @param {string} [options.file_3]
 * @param {string} [options.file_4]
 * @param {string} [options.file_5]
 * @returns {Promise<unknown>}
 */
export async function run({
    file = join(FILES, "e8bce05328ae4eeb/a (1).txt"),
    file_2 = join(FILES, "686c39acd6327bbd/-rf"),
    file_3 = join(FILES, "37f6276fa87c768f/@x"),
    file_4 = join(FILES, "4feae8e8bf956a3e/ü.txt"),
    file_5 = join(FILES, "b3d638b8c7ac5d31/it's $(id).txt"),
} = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [file_6] = (await client.predict(
            "/copy",
            { "file": await upload(client, file) },
        )).data;
        show("copy", file_6);

        const [file_7] = (await client.predict(
            "/copy",
            { "file": await upload(client, file_2) },
        )).data;
        show("copy_2", file_7);

        const [file_8] = (await client.predict(
            "/copy",
            { "file": await upload(client, file_3) },
        )).data;
        show("copy_3", file_8);

        const [file_9] = (await client.predict(
            "/copy",
            { "file": await upload(client, file_4) },
        )).data;
        show("copy_4", file_9);

        const [file_10] = (await client.predict(
            "/copy",
            { "file": await upload(client, file_5) },
        )).data;
        show("copy_5", file_10);

        return file_10;
    } finally {
        client.close();
        // A closed client still listens for the app's heartbeat, and a page has few connections to spare.
        for (const heartbeat of heartbeats) heartbeat?.abort();
    }
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
