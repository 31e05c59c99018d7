// Recorded with API Recorder: makes the same calls to the app again and prints the results.
// It needs Node 20 or newer, and @gradio/client from npm.
// RECORDER_URL, if set, is the address of the app to use instead of the recorded one.

import { existsSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { Client } from "@gradio/client";

const URL_OF_APP = (process.env.RECORDER_URL || "http://127.0.0.1:7860").replace(/\/+$/, "");
const FILES = join(dirname(fileURLToPath(import.meta.url)), "../../sessions/files_of_one_name.files");

/**
 * Make the recorded calls in order, and return the last result.
 * @param {object} [options]
 * @param {string[]} [options.files]
 * @returns {Promise<unknown>}
 */
export async function run({
    files = [join(FILES, "7692c3ad3540bb80/same.txt"), join(FILES, "3fc4ccfe745870e2/same.txt")],
} = {}) {
    const client = await Client.connect(URL_OF_APP);
    const heartbeats = [client.abort_controller];
    try {
        const [files_2] = (await client.predict(
            "/copies",
            { "files": await Promise.all(files.map(async (item) => await upload(client, item))) },
        )).data;
        show("copies", files_2);

        return files_2;
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
