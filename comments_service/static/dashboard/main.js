/* The dashboard's script. Every page works without it; with it a queue is cleared by keys. */

import { call, Refusal } from "./html.js";
import { current, refresh, unfold } from "./cards.js";
import * as decisions from "./decide.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as swipe from "./swipe.js";

decisions.listen();
keys.listen();
live.listen();
swipe.listen();
document.querySelector("main").dataset.ready = "";

document.addEventListener(
  "toggle",
  (event) => event.target.matches?.("details.comments-more") && event.target.open && unfold(event.target.closest(".comments-card")),
  true,
);
document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.(".comments-card");
  if (!card) return;
  document.querySelector("[data-current]")?.removeAttribute("data-current");
  card.dataset.current = "";
});

// Replies and edits stay on the page too; refused, they keep what was typed.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const kind = form.dataset.form;
  const card = form.closest(".comments-card");
  if (!kind || !card || !card.parentElement?.matches("[data-cards]")) return;
  event.preventDefault();
  const { body, reason } = form.elements;
  const { id } = card.dataset;
  const version = Number(card.dataset.version);
  try {
    if (kind === "edit") {
      const { results } = await call("PATCH", `comments/${id}`, { version, body: body.value, reason: reason.value });
      if (results[0].result === "stale") throw new Refusal(409, { detail: document.querySelector("main").dataset.sayChanged });
      await refresh(card);
    } else {
      if (event.submitter?.name === "approve") await decisions.decide([card], "approve");
      await call("POST", `comments/${id}/replies`, { body: body.value, key: form.elements.key.value });
      body.value = "";
      decisions.tell("✓");
      current()?.focus();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    decisions.tell(error.message || document.querySelector("main").dataset.sayFailed);
    body.focus();
  }
});
