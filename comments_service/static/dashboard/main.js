/* The dashboard's script. Every page works without it; with it a queue is cleared by keys. */

import { call, doneWord, Refusal, say } from "./html.js";
import { current, refresh, unfold } from "./cards.js";
import * as decisions from "./decide.js";
import * as keys from "./keys.js";
import * as live from "./live.js";
import * as swipe from "./swipe.js";

decisions.listen();
keys.listen();
live.listen();
swipe.listen();
document.querySelector(".comments-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
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
      const { batch, results } = await call("PATCH", `comments/${id}`, { version, body: body.value, reason: reason.value });
      if (!["done", "unchanged"].includes(results[0].result)) throw new Refusal(409, { detail: say("changed") });
      await refresh(card);
      if (results[0].result === "done") decisions.keep(batch);
      decisions.tell(say("done", { done: doneWord("edit") }), results[0].result === "done" ? batch : "");
    } else {
      const batch = event.submitter?.name === "approve" ? await decisions.decideOne(card, "approve") : "";
      await call("POST", `comments/${id}/replies`, { body: body.value, key: form.elements.key.value });
      body.value = "";
      form.elements.key.value = decisions.key(); // the next reply is another one
      decisions.tell(say("replied"), batch);
      current()?.focus();
    }
  } catch (error) {
    decisions.complain(error);
    body.focus();
  }
});
