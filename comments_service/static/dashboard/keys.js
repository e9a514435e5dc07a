/* Keys: each can be changed, all can be switched off; none counts while somebody types. */

import { current, step, unfold } from "./cards.js";
import { decideOne, decideTicked, tick, undo } from "./decide.js";

const dialog = document.querySelector("[data-keys]");
const NAME = "comments dashboard keys";
const QUEUES = {
  p: "queue?status=pending",
  r: "queue?status=reported",
  e: "queue?status=edited",
  a: "queue?status=approved",
  s: "queue?status=spam",
  j: "queue?status=rejected",
  t: "queue?status=deleted",
  m: "log?mine=1",
  l: "log",
};
const DECISIONS = new Set(["approve", "hold", "spam", "reject", "delete"]);
const usual = Object.fromEntries([...dialog.querySelectorAll("[data-key]")].map((field) => [field.dataset.key, field.value]));

let chosen = { ...usual };
let on = true;
let going = false; // after g

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME)) ?? {};
    chosen = { ...usual, ...kept.keys };
    on = kept.on ?? true;
  } catch {
    // refused by the browser, or not ours
  }
}

function keep() {
  try {
    localStorage.setItem(NAME, JSON.stringify({ keys: chosen, on }));
  } catch {
    // they last as long as the page
  }
}

function show() {
  for (const field of dialog.querySelectorAll("[data-key]")) field.value = chosen[field.dataset.key];
  dialog.querySelector("[data-keys-on]").checked = on;
  dialog.showModal();
}

const ACTS = {
  next: () => step(1),
  previous: () => step(-1),
  reply: () => write("reply"),
  edit: () => write("edit"),
  undo: () => undo(),
  context: async () => {
    const card = current();
    const box = card?.querySelector("details.comments-more");
    if (box?.open) box.open = false;
    else if (card) await unfold(card);
  },
  search: () => document.querySelector("[data-search]")?.focus(),
  go: () => (going = true),
  help: show,
};

async function write(form) {
  const card = current();
  const box = card && (await unfold(card));
  const field = box?.querySelector(`[data-form=${form}] textarea`);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

function typing(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox])");
}

function pressed(event) {
  if (!on || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || dialog.open) {
    if (event.key === "Escape" && !dialog.open) leave(event.target);
    return;
  }
  const key = event.key.toLowerCase();
  if (going) {
    going = false;
    if (QUEUES[key]) location.assign(`/dashboard/${QUEUES[key]}`);
    return;
  }
  const name = Object.keys(chosen).find((each) => chosen[each] === key || chosen[each] === event.key);
  if (!name) return;
  event.preventDefault();
  if (event.repeat && name !== "next" && name !== "previous") return; // a key held down decides once
  if (name === "select") tick(current(), event.shiftKey);
  else if (DECISIONS.has(name)) event.shiftKey ? decideTicked(name) : decideOne(current(), name);
  else ACTS[name]();
}

/** Escape leads out of a field, back to its card. */
function leave(field) {
  const card = field.closest(".comments-card");
  field.blur();
  card?.focus({ preventScroll: true });
}

export function listen() {
  load();
  document.addEventListener("keydown", pressed);
  dialog.addEventListener("close", keep);
  dialog.addEventListener("input", (event) => {
    const { key } = event.target.dataset;
    if (key && event.target.value) chosen[key] = event.target.value.toLowerCase();
    if (event.target.matches("[data-keys-on]")) on = event.target.checked;
  });
  dialog.querySelector("[data-keys-reset]").addEventListener("click", () => {
    chosen = { ...usual };
    on = true;
    for (const field of dialog.querySelectorAll("[data-key]")) field.value = chosen[field.dataset.key];
    dialog.querySelector("[data-keys-on]").checked = true;
  });
  const help = document.querySelector("[data-help]");
  if (help) {
    help.hidden = false;
    help.addEventListener("click", show);
  }
}
