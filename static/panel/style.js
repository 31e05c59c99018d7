/** How the board looks, light and dark, wherever it stands. */
export const PANEL_STYLE = `
.frame, .whole { --back: #fff; --soft-back: #f6f7f9; --edge: #e2e5ea; --text: #1f2328; --soft: #5b6470; --mark: #0a58b8; --good: #116329; --wrong: #a40e26;
  --k: #8b2fa8; --s: #0b5c2a; --c: #5b6470; --m: #9a4b00; --n: #0a4ea0; }
.frame.dark, .whole.dark { --back: #16181d; --soft-back: #1f2229; --edge: #343943; --text: #e6e8ec; --soft: #9ea6b3; --mark: #7cb7ff; --good: #6fd58c; --wrong: #ff8b85;
  --k: #d8a0f0; --s: #8fd7a2; --c: #9ea6b3; --m: #f0a868; --n: #8cc2ff; }
.frame { position: absolute; inset: 0; }
.frame, .whole { color-scheme: light; color: var(--text); background: var(--back); font: 13px/1.45 system-ui, sans-serif; }
.frame.dark, .whole.dark { color-scheme: dark; }
.frame.right { border-left: 1px solid var(--edge); }
.frame.bottom { border-top: 1px solid var(--edge); }
.grip { position: absolute; z-index: 1; touch-action: none; }
.right .grip { left: -4px; top: 0; bottom: 0; width: 8px; cursor: ew-resize; }
.bottom .grip { top: -4px; left: 0; right: 0; height: 8px; cursor: ns-resize; }
.grip:hover, .grip:focus-visible { background: color-mix(in srgb, var(--mark) 40%, transparent); outline: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.board { height: 100%; display: flex; flex-direction: column; container-type: size; outline: none; text-align: start; }
header { display: flex; gap: 8px; align-items: center; justify-content: space-between; padding: 8px 12px; border-bottom: 1px solid var(--edge); }
.titles { min-width: 0; flex: 1; }
h2 { margin: 0; font-size: 14px; font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
h2.live::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-inline-end: 7px; border-radius: 50%; background: #ef4444; }
h3 { margin: 10px 0 4px; font-size: 12px; font-weight: 600; color: var(--soft); }
.name { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 12px; }
.tools, .bar, .acts { display: flex; gap: 4px; align-items: center; flex-shrink: 0; }
.soft { color: var(--soft); }
.wrong { color: var(--wrong); }
.good { color: var(--good); }
button { font: inherit; color: inherit; display: inline-flex; gap: 5px; align-items: center; padding: 3px 9px; background: none; border: 1px solid var(--edge); border-radius: 6px; cursor: pointer; }
button:hover:not(:disabled) { background: var(--soft-back); }
button:disabled { opacity: .45; cursor: default; }
button.icon { padding: 4px; border-color: transparent; }
button.icon[aria-pressed=true] { color: var(--mark); border-color: var(--mark); }
button.done { color: var(--good); }
button svg { flex-shrink: 0; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 1px; }
.panes { flex: 1; min-height: 0; display: grid; grid-template: minmax(0, 11fr) minmax(0, 9fr) / minmax(0, 1fr); }
@container (min-width: 720px) { .panes { grid-template: minmax(0, 1fr) / minmax(0, 11fr) minmax(0, 10fr); } .pane.script { border-top: none; border-left: 1px solid var(--edge); } }
.pane { min-width: 0; min-height: 0; }
.swap { display: none; }
@container (max-width: 400px) { .replay span { display: none; } }
@container (max-width: 719px) and (max-height: 460px) {
  .swap { display: inline-flex; }
  .panes { grid-template: minmax(0, 1fr) / minmax(0, 1fr); }
  .pane.script { border-top: none; }
  .panes:not(.shows-script) > .script, .panes.shows-script > .list { display: none; }
}
.list { overflow: auto; overscroll-behavior: contain; }
.empty { padding: 24px 16px; margin: 0; color: var(--soft); text-align: center; }
.block { display: block; content-visibility: auto; }
.calls .block { list-style: none; margin: 0; padding: 0; }
.calls li { display: flex; }
.lanes { position: relative; flex: 0 0 var(--lanes, 0px); }
.lanes span { position: absolute; top: 0; bottom: 0; width: 9px; border-left: 2px solid color-mix(in srgb, var(--mark) 65%, var(--back)); }
.lanes .starts { top: 17px; border-top: 2px solid color-mix(in srgb, var(--mark) 65%, var(--back)); border-top-left-radius: 5px; }
.lanes .ends { bottom: auto; height: 19px; border-bottom: 2px solid color-mix(in srgb, var(--mark) 65%, var(--back)); border-bottom-left-radius: 5px; }
.body { flex: 1; min-width: 0; padding: 7px 12px 9px 10px; border-bottom: 1px solid var(--edge); }
.head { display: flex; gap: 8px; align-items: center; }
.opener { border: none; padding: 2px 4px; margin-inline-start: -4px; min-width: 0; flex: 0 1 auto; gap: 0; text-align: start; }
.opener::before { content: ""; flex-shrink: 0; width: 5px; height: 5px; margin-inline-end: 8px; border-right: 1.5px solid var(--soft); border-bottom: 1.5px solid var(--soft); transform: rotate(-45deg); }
.opener[aria-expanded=true]::before { transform: rotate(45deg); }
.endpoint { font: 600 12.5px/1.4 ui-monospace, monospace; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.opener .soft { font-size: 12px; white-space: pre; }
.state { margin-inline-start: auto; white-space: nowrap; font-size: 12px; color: var(--soft); }
.state.failed { color: var(--wrong); }
.state.running { color: var(--mark); }
.trigger, .brief { margin-inline-start: 14px; overflow: hidden; }
.trigger { font-size: 12px; white-space: nowrap; text-overflow: ellipsis; }
.brief { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow-wrap: anywhere; }
.brief > *:not(:first-child) { margin-inline-start: 8px; }
.brief .in { color: var(--soft); }
.value { color: var(--text); font: 12px/1.4 ui-monospace, monospace; }
.arrow { color: var(--mark); font-weight: 600; }
.chip { display: inline-flex; gap: 4px; align-items: center; padding: 0 7px; border-radius: 9px; background: var(--soft-back); border: 1px solid var(--edge); font-size: 12px; color: var(--text); }
.chip.link { color: var(--mark); }
.thumb canvas { height: 30px; width: auto; max-width: 90px; vertical-align: middle; border-radius: 4px; object-fit: cover; }
.skipped .body { opacity: .75; }
.skipped .endpoint { text-decoration: line-through; }
.detail { margin: 6px 0 2px 14px; }
.input { margin-top: 8px; }
.label { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; margin-bottom: 3px; }
.label b { font-weight: 600; overflow-wrap: anywhere; }
.variable { display: inline-flex; gap: 5px; align-items: center; margin-inline-start: auto; font-size: 12px; }
input { font: 12px/1.4 ui-monospace, monospace; color: inherit; background: var(--back); border: 1px solid var(--edge); border-radius: 5px; padding: 2px 6px; max-width: 11em; }
input::placeholder { color: var(--soft); }
pre { margin: 0; font: 12px/1.5 ui-monospace, monospace; }
pre.text { max-height: 15em; overflow: auto; padding: 6px 8px; background: var(--soft-back); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 12px; }
th, td { text-align: start; padding: 2px 10px 2px 0; border-bottom: 1px solid var(--edge); max-width: 16em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
.file { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.media { flex-basis: 100%; }
.media canvas, .media video { max-width: 100%; max-height: 220px; border-radius: 6px; display: block; height: auto; object-fit: contain; }
.media audio { width: 100%; height: 34px; }
.replayed { margin: 8px 0 2px 14px; padding: 6px 10px; border-inline-start: 3px solid var(--good); background: var(--soft-back); border-radius: 4px; }
.differs .replayed { border-color: var(--wrong); }
.replayed p { margin: 3px 0; overflow-wrap: anywhere; }
.omitted { padding: 8px 12px 12px; color: var(--soft); font-size: 12px; }
.omitted ul { margin: 6px 0 0; padding-inline-start: 18px; }
summary { cursor: pointer; }
.script { display: flex; flex-direction: column; border-top: 1px solid var(--edge); background: var(--soft-back); }
.tabs { display: flex; overflow-x: auto; flex-shrink: 0; scrollbar-width: none; border-bottom: 1px solid var(--edge); }
.tabs button { border: none; border-radius: 0; padding: 6px 10px; border-bottom: 2px solid transparent; color: var(--soft); outline-offset: -2px; }
.tabs button[aria-selected=true] { color: var(--text); border-bottom-color: var(--mark); }
.script pre { flex: 1; min-height: 0; overflow: auto; padding: 8px 12px; outline-offset: -2px; tab-size: 4; }
.script pre { position: relative; }
.script .fresh { animation: fresh 2s ease-out; }
@keyframes fresh { from { background: color-mix(in srgb, var(--mark) 18%, transparent); } }
@media (prefers-reduced-motion: reduce) { .script .fresh { animation: none; } }
.script .line { display: block; min-height: 1lh; white-space: pre; }
.bar { padding: 6px 10px; border-top: 1px solid var(--edge); flex-wrap: wrap; }
.k { color: var(--k); } .s { color: var(--s); } .c { color: var(--c); } .m { color: var(--m); } .n { color: var(--n); }
.bar a { color: var(--mark); padding: 3px 4px; font-size: 12px; white-space: nowrap; }
.bar a:first-of-type { margin-inline-start: auto; }
.status { margin: 0; padding: 5px 12px; min-height: 28px; border-top: 1px solid var(--edge); font-size: 12px; overflow-wrap: anywhere; }
@media (forced-colors: active) { button, input, .chip { border-color: currentColor; } }
`;
