/**
 * The wire vocabulary as types: `recorder/events.py` says what each word means.
 *
 * @typedef {"too_large" | "unreadable" | "binary_not_kept"} LostReason
 * @typedef {{name: string, value?: string, filename?: string, size?: number, type?: string}} Part
 * @typedef {{kind?: "none" | "text" | "parts" | "lost", text?: string, parts?: Part[], reason?: LostReason, size?: number, charset?: string}} Body
 * @typedef {[string, string][]} Pairs
 *
 * @typedef {{t: "page", url: string, title?: string, embedded?: boolean, root?: string, theme?: string}} PageOpened
 * @typedef {{t: "act", id: string, kind: string, role: string, name: string, locator: string, near?: string[]}} Act
 * @typedef {{t: "typed", control: string, kind: "text" | "choice" | "check" | "file", value: string, shown?: string, label?: string, field?: string, role?: string, act?: string}} Typed
 * @typedef {{t: "made", how: "uuid" | "random" | "digest" | "signature" | "cookie", value: string, algorithm?: string, of?: string, name?: string}} Made
 * @typedef {{t: "request", id: string, method: string, url: string, how?: string, headers: Pairs, body?: Body, act?: string, left?: string, form?: string}} Request_
 * @typedef {{t: "response", id: string, status: number, headers: Pairs, url: string}} Response_
 * @typedef {{t: "chunk", id: string, text: string}} Chunk
 * @typedef {{t: "done", id: string, body?: Body, error?: string, aborted?: boolean}} Done
 * @typedef {{t: "ws_open", id: string, url: string, act?: string, protocol?: string}} SocketOpened
 * @typedef {{t: "ws_message", id: string, sent: boolean, body: Body, act?: string}} SocketMessage
 * @typedef {{t: "ws_close", id: string, code: number, reason: string}} SocketClosed
 * @typedef {{t: "secret", placeholder: string, name: string, hint: string, claims?: Record<string, string | number>, digest?: string, length?: number, salt?: string}} Secret
 * @typedef {{t: "lost", count: number, why: string}} Lost
 *
 * @typedef {PageOpened | Act | Typed | Made | Request_ | Response_ | Chunk | Done | SocketOpened | SocketMessage | SocketClosed | Secret | Lost} Fact
 * What happened; the ledger makes an event of it by adding `page`, `seq`, `at` and `before`.
 *
 * @typedef {{t: "state", recording?: boolean, saving?: boolean, session?: number, calls?: number, last?: string, saved?: string, error?: string, panel?: boolean}} State
 * @typedef {{t: "ack", page: string, seq: number}} Ack
 * @typedef {{t: "refused", why: string}} Refused
 *
 * @typedef {{name: string, value?: any, link?: string | null, variable?: string | null, secrets?: string[], state?: boolean, unchanged?: boolean}} Shown
 * @typedef {{id: string, endpoint: string, trigger: string, inputs: Shown[], outputs: Shown[], status: string, error?: string | null, duration?: number | null, step: boolean, setup: boolean, frames: number, yields: number, skip: boolean}} ShownCall
 * What `recorder show --json` says of a value and of a call.
 *
 * @typedef {{t: "view", title?: string, name?: string, live?: boolean, calls?: [number, ShownCall][], length?: number, omitted?: [string, string, string][], secrets?: string[], targets?: string[], undo?: boolean}} View
 * @typedef {{t: "script", target: string, anew?: boolean, changes?: [number, number, string[][]][], error?: string}} Script_
 * @typedef {{t: "came", call: string, over?: boolean, ok?: boolean, verdict?: string, seconds?: number, yields?: number, outputs?: Shown[], sentences?: string[]}} Came
 * @typedef {{t: "ran", running?: boolean, calls?: number, ok?: boolean, summary?: string}} Ran
 * @typedef {{t: "given", what: string, path?: string, name?: string, type?: string, data?: string, error?: string}} Given
 * @typedef {{t: "trouble", sentence: string}} Trouble
 * @typedef {View | Script_ | Came | Ran | Given | Trouble} ToPanel
 *
 * @typedef {{t: "look", on: boolean, target: string}} Look
 * @typedef {{t: "edit", what: "skip" | "keep" | "delete" | "rename" | "secret" | "undo", call?: string, input?: number, name?: string}} Edit
 * @typedef {{t: "again", on: boolean, call?: string}} Again
 * @typedef {{t: "take", what: "script" | "session" | "zip" | "file", target?: string, path?: string}} Take
 * @typedef {Look | Edit | Again | Take} FromPanel
 *
 * @typedef {{t: "loaded", id: string, method: string, url: string, how: "script" | "download", at: number, before?: boolean, status?: number, headers?: Pairs, text?: string}} Loaded
 * @typedef {{t: "streamed", url: string, began: number, at: number, type: string, data: string, id?: string}} Streamed
 * @typedef {{t: "source", text: string, headers?: Pairs}} Source
 * @typedef {Loaded | Streamed | Source} FromWire what the recorder saw pass
 * @typedef {State | Ack | Refused | FromWire | ToPanel} ToPage
 *
 * @typedef {{names: string[], patterns: string[]}} Secrets
 * @typedef {{channel?: string, binding?: string, token: string, secrets?: Secrets, document?: string}} Config
 * How the page reaches the collector: a path of its own origin, or the name of a function that the browser exposes; and
 * what else it keeps to itself, as `recorder/config.py` has it.
 */

export const PROTOCOL = 1;

/** Everything of the recorder's own on the app's origin. */
export const OURS = "/_recorder/";
