/* News of others: by server-sent events, or, where these fail, by asking with the tag of the last answer. */

import { call, Refusal, say } from "./html.js";
import { current, find } from "./cards.js";
import { complain, hear } from "./decide.js";

const main = document.querySelector("main");
const ASK_MS = 10_000;
const LOOK_MS = 20_000;

let seq = Number(main.dataset.seq);
let tag = "";

function query() {
  const wanted = new URLSearchParams(location.search);
  for (const name of ["cursor", "notice", "part"]) wanted.delete(name);
  wanted.set("seq", seq);
  if (main.dataset.top) wanted.set("top", main.dataset.top);
  return wanted;
}

function told(news) {
  seq = news.seq;
  for (const act of news.decided) hear(act);
  for (const [name, count] of Object.entries(news.counts)) {
    const shown = document.querySelector(`[data-count="${name}"]`);
    if (shown && name !== "approved") shown.textContent = count;
  }
  for (const sign of document.querySelectorAll("[data-looking]")) sign.hidden = true;
  for (const { id, by } of news.looking) {
    const sign = find(id)?.querySelector("[data-looking]");
    if (!sign) continue;
    sign.textContent = say("looking", { who: by });
    sign.hidden = false;
  }
  const line = document.querySelector("[data-news]");
  const many = news.arrived >= news.most ? `${news.most}+` : news.arrived;
  const sentence = say("new", { count: many });
  line.hidden = !news.arrived;
  const link = line.querySelector("a");
  if (news.arrived && link.textContent !== sentence) link.textContent = sentence;
}

async function ask() {
  const response = await fetch(`/api/v1/moderation/updates?${query()}`, {
    headers: tag ? { "If-None-Match": tag } : {},
  }).catch(() => null);
  if (response?.status === 401) return complain(new Refusal(401, {}));
  if (!response?.ok) return;
  tag = response.headers.get("ETag") ?? "";
  told(await response.json());
}

function look() {
  const card = document.hidden ? null : current();
  call("POST", "looks", { id: card?.dataset.id ?? null }).catch(() => {});
}

export function listen() {
  let asking = null;
  const source = new EventSource(`/api/v1/moderation/events?${query()}`);
  source.onmessage = (event) => {
    clearInterval(asking);
    asking = null;
    told(JSON.parse(event.data));
  };
  source.onerror = () => {
    asking ??= setInterval(() => document.hidden || ask(), ASK_MS);
  };
  let soon = 0;
  document.addEventListener("focusin", () => {
    clearTimeout(soon);
    soon = setTimeout(look, 700);
  });
  setInterval(() => current() && look(), LOOK_MS);
  addEventListener("pagehide", () => source.close());
}
