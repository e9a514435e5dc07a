/* The cards of the queue: which one is at hand, what each looks like once it is decided. */

import { doneWord, element, page, say, who } from "./html.js";

const list = document.querySelector("[data-cards]");

/** Return all cards, or those that still ask for a decision. */
export function cards(open = false) {
  return [...list.querySelectorAll(open ? ".comments-card:not([data-done])" : ".comments-card")];
}

/** Return the card at hand: the one that has the focus, or the first open one in view. */
export function current() {
  const focused = document.activeElement?.closest(".comments-card");
  if (focused) return focused;
  return list.querySelector(".comments-card[data-current]");
}

/** Put the focus on a card, where the eye already is. */
export function take(card) {
  if (!card) return;
  list.querySelector("[data-current]")?.removeAttribute("data-current");
  card.dataset.current = "";
  card.focus({ preventScroll: true });
  const { top, bottom } = card.getBoundingClientRect();
  const bar = document.querySelector(".comments-bar")?.offsetHeight ?? 0;
  if (top < bar || bottom > innerHeight || top > innerHeight / 2) {
    scrollBy({ top: top - bar - 16, behavior: "instant" });
  }
}

/** Go to the next or previous card; what is decided is passed over. */
export function step(way, from = current()) {
  const all = cards();
  if (!from) return take(all.find((card) => !("done" in card.dataset)));
  for (let at = all.indexOf(from) + way; at >= 0 && at < all.length; at += way) {
    if ("done" in all[at].dataset) continue;
    if (way > 0 && all.length - at < 6) more();
    return take(all[at]);
  }
  if (way > 0) more()?.then(() => cards().length > all.length && step(way, from));
}

export function find(id) {
  return list.querySelector(`#comment-${CSS.escape(id)}`);
}

/** Show on a card what became of it; it keeps its place, so that nothing moves under the hand. */
export function settle(card, sentence, batch = "", undo = null) {
  card.querySelector("[data-fate]")?.remove();
  const fate = element("p", { className: "comments-fate" }, sentence);
  fate.dataset.fate = "";
  if (batch && undo) {
    const button = element("button", { type: "button", textContent: say("undo") });
    button.addEventListener("click", () => undo(batch));
    fate.append(" ", button);
  }
  card.dataset.done = "";
  const tick = card.querySelector(".comments-tick");
  if (tick) tick.checked = false;
  card.querySelector(".comments-head").after(fate);
}

/** Make a card open again, with the version it has now. */
export function reopen(card, version) {
  delete card.dataset.done;
  card.querySelector("[data-fate]")?.remove();
  renumber(card, version);
}

export function renumber(card, version) {
  card.dataset.version = version;
  for (const field of card.querySelectorAll("input[name=version]")) field.value = version;
  const tick = card.querySelector(".comments-tick");
  if (tick) tick.value = `${card.dataset.id}:${version}`;
}

/** Say of a card that somebody else was first. */
export function overtake(card, act, at) {
  const done = doneWord(act.action);
  settle(card, say("by", { done, by: who(act.name), at }));
  renumber(card, act.version + 1);
}

/** Offer to load a card again that was changed otherwise. */
export function outdated(card, sentence = say("changed")) {
  settle(card, sentence);
  const button = element("button", { type: "button", textContent: say("reload") });
  button.addEventListener("click", () => refresh(card));
  card.querySelector("[data-fate]").append(" ", button);
}

/** Load a card again; in a list as it stands in lists. */
export async function refresh(card) {
  const part = card.querySelector("details.comments-more") ? "&part=card" : "";
  const found = (await page(`/dashboard/queue?id=${card.dataset.id}${part}`)).querySelector(".comments-card");
  if (!found) return;
  card.replaceWith(document.adoptNode(found));
  take(find(card.dataset.id));
}

let loading = null;

/** Fetch the next part of the queue behind the last card, before the hand gets there. */
export function more() {
  const older = list.dataset.older;
  if (!older || loading) return loading;
  loading = page(older)
    .then((found) => {
      const next = found.querySelector("[data-cards]");
      for (const card of next?.querySelectorAll(".comments-card") ?? []) {
        if (!find(card.dataset.id)) list.append(document.adoptNode(card));
      }
      list.dataset.older = next?.dataset.older ?? "";
      if (!list.dataset.older) document.querySelector(".comments-turning a[rel=next]")?.remove();
    })
    .catch(() => {})
    .finally(() => (loading = null));
  return loading;
}

/** Open what is behind a card, once loaded from the service. */
export async function unfold(card) {
  const box = card.querySelector(".comments-more");
  if (!box) return null;
  if (box.matches("details")) {
    box.open = true;
    if (box.dataset.part && !box.dataset.loaded) {
      box.dataset.loaded = "1";
      try {
        const found = await page(box.dataset.part);
        box.querySelector("p")?.remove();
        box.append(...found.body.childNodes);
      } catch {
        delete box.dataset.loaded;
      }
    }
  }
  return box;
}
