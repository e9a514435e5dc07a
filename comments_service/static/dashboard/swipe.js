/* Swiping, for a thumb: to the end approves, to the start marks as spam. The buttons do the same. */

import { button, decideOne } from "./decide.js";

const FAR = 96; // pixels from which a swipe counts

export function listen() {
  let card = null;
  let from = null;
  document.addEventListener("pointerdown", (event) => {
    const at = event.target.closest?.(".comments-card:not([data-done])");
    const free = at && !event.target.closest("button, a, input, textarea, summary, pre, math, [tabindex='0']");
    card = event.pointerType === "touch" && free ? at : null;
    from = { x: event.clientX, y: event.clientY };
  });
  document.addEventListener("pointermove", (event) => {
    if (!card) return;
    const x = event.clientX - from.x;
    if (Math.abs(event.clientY - from.y) > 40) return release();
    if (Math.abs(x) < 16) return;
    card.style.translate = `${x}px`;
    card.dataset.swipe = way(x);
  });
  document.addEventListener("pointerup", (event) => {
    if (!card) return;
    const x = event.clientX - from.x;
    const [swiped, action] = [card, way(x)];
    release();
    if (Math.abs(x) < FAR) return;
    if (button(swiped, action)) decideOne(swiped, action);
  });
  document.addEventListener("pointercancel", release);

  function way(x) {
    const forward = getComputedStyle(card).direction === "rtl" ? -x : x;
    return forward > 0 ? "approve" : "spam";
  }

  function release() {
    if (!card) return;
    card.style.translate = "";
    delete card.dataset.swipe;
    card = null;
  }
}
