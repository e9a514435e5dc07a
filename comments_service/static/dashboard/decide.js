/* Decisions: one card, all that are ticked, and taking back. What is refused changes nothing. */

import { call, clock, doneWord, element, Refusal, say, statusWord, who } from "./html.js";
import { cards, current, find, more, outdated, overtake, refresh, renumber, reopen, settle, step, take } from "./cards.js";

const toast = document.querySelector("[data-toast]");
const batches = []; // what can be taken back, the newest last

export function tell(sentence, batch = "", ...more) {
  toast.replaceChildren(sentence, ...more);
  if (batch) {
    const button = element("button", { type: "button", textContent: say("undo") });
    button.addEventListener("click", () => undo(batch));
    toast.append(" ", button);
  }
  toast.hidden = !sentence;
}

/** Say what was refused. Who is signed out can sign in beside this page, which keeps what was typed. */
export function complain(error) {
  if (!(error instanceof Refusal)) throw error;
  if (error.status !== 401) return tell(error.message || say("failed"));
  tell(say("gone"), "", element("a", { href: "/dashboard/login", target: "_blank", textContent: say("signIn") }));
}

/** Return a card's button for an action, where the service says that it is legal. */
export function button(card, action) {
  return card?.querySelector(`.comments-decide button[name=action][value=${action}]`);
}

/** Return a name for one press of a button. */
export function key() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}

/** Decide on a card, for the reason that was written on it. */
export function decideOne(card, action) {
  if (card) return decide([card], action, card.querySelector(".comments-decide")?.elements.reason);
}

/** Decide on all that are ticked, for the reason that was written for them. */
export function decideTicked(action) {
  return decide(ticked(), action, bulk?.elements.reason);
}

/** Decide on cards; the first open one behind them is at hand at once. Returns the batch, "" where nothing was done. */
async function decide(chosen, action, field) {
  const open = chosen.filter((card) => button(card, action) && !("done" in card.dataset));
  if (!open.length) return "";
  const reason = field?.value ?? "";
  const before = new Map(open.map((card) => [card, Number(card.dataset.version)]));
  const last = open.at(-1);
  for (const card of open) settle(card, say("doing"));
  if (open.includes(current()) || open.length > 1) step(1, last);
  if (cards(true).length < 8) more();
  const decisions = open.map((card) => ({ id: card.dataset.id, version: before.get(card), action, reason }));
  try {
    const { batch, results } = await call("POST", "decisions", { decisions, key: key() });
    if (field?.form === bulk) field.value = "";
    return finish(open, results, action, batch) ? batch : "";
  } catch (error) {
    for (const card of open) reopen(card, before.get(card));
    take(open[0]);
    complain(error);
    return "";
  }
}

function finish(open, results, action, batch) {
  let done = 0;
  for (const [at, result] of results.entries()) {
    const card = open[at];
    if (result.result === "done" || result.result === "unchanged") {
      settle(card, say("done", { done: doneWord(action) }), batch, undo);
      renumber(card, result.version);
      done += result.result === "done";
    } else {
      const { status, name, at: when } = result;
      const first = name && status ? say("first", { status: statusWord(status), by: who(name), at: clock(when) }) : undefined;
      outdated(card, first);
    }
  }
  if (done) keep(batch);
  const sentence = say("done", { done: doneWord(action) });
  tell(done ? (results.length > 1 ? `${sentence} ${done}` : sentence) : say("changed"), done ? batch : "");
  recount(action, done);
  if (!cards(true).length) more()?.then(() => step(1, null));
  return done;
}

/** Remember what can be taken back. */
export function keep(batch) {
  batches.push(batch);
}

/** Move the figures of the tabs along; the service corrects them with its next news. */
function recount(action, done) {
  const to = { spam: "spam", reject: "rejected", delete: "deleted", hold: "pending" }[action];
  const from = document.querySelector(".comments-tabs [aria-current]")?.dataset.queue;
  for (const [name, way] of [[from, -1], [to, 1]]) {
    const count = document.querySelector(`[data-count="${name}"]`);
    if (count && /^\d+$/.test(count.textContent)) count.textContent = Math.max(0, Number(count.textContent) + way * done);
  }
}

/** Take a batch back, by default the last one. */
export async function undo(batch = batches.at(-1)) {
  if (!batch) return;
  try {
    const { results } = await call("POST", `undo/${encodeURIComponent(batch)}`, {});
    const at = batches.indexOf(batch);
    if (at >= 0) batches.splice(at, 1);
    let first = null;
    for (const { id, result, version } of results) {
      const card = find(id);
      if (!card || result !== "done") continue;
      if ("done" in card.dataset) reopen(card, version);
      else await refresh(card); // its text was taken back
      first ??= find(id);
    }
    take(first);
    tell(results.some(({ result }) => result === "done") ? say("takenBack") : say("notTakenBack"));
  } catch (error) {
    complain(error);
  }
}

/** What others did while we looked. */
export function hear(act) {
  const card = find(act.id);
  if (!card || act.version < Number(card.dataset.version)) return;
  if (act.action === "edit" || act.action === "undo") outdated(card);
  else overtake(card, act, clock(act.at));
}

const bulk = document.querySelector("#comments-bulk");
const ticks = () => [...document.querySelectorAll(".comments-tick:checked")];
let lastTick = null;

export function ticked() {
  return ticks().map((tick) => tick.closest(".comments-card"));
}

/** Tick a card; with `range`, all from the one that was ticked last. */
export function tick(card, range = false) {
  const box = card?.querySelector(".comments-tick");
  if (!box || "done" in card.dataset) return;
  box.checked = range || !box.checked;
  if (range) spread(card, true);
  lastTick = card;
  count();
}

/** Tick all from the card that was ticked last to this one, or take their ticks away. */
function spread(card, checked) {
  const all = cards(true);
  if (!all.includes(lastTick)) return;
  const [from, to] = [all.indexOf(lastTick), all.indexOf(card)].sort((a, b) => a - b);
  for (const each of all.slice(from, to + 1)) each.querySelector(".comments-tick").checked = checked;
}

function count() {
  const label = bulk?.querySelector("[data-ticked]");
  if (label) label.textContent = say("ticked", { count: ticks().length });
}

/** Let the forms of decisions be sent without leaving the page. */
export function listen() {
  document.addEventListener("submit", (event) => {
    const action = event.submitter?.name === "action" && event.submitter.value;
    if (!action || !event.target.matches(".comments-decide, #comments-bulk")) return;
    event.preventDefault();
    const own = event.target.closest(".comments-card");
    if (own) decideOne(own, action);
    else decideTicked(action);
  });
  document.addEventListener("click", (event) => {
    if (event.shiftKey && event.target.matches(".comments-tick")) spread(event.target.closest(".comments-card"), event.target.checked);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches(".comments-tick")) return;
    lastTick = event.target.closest(".comments-card");
    count();
  });
}
