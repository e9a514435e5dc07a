/* What readers need once the comments stand there: copying and quoting formulas as TeX, what is new since the
 * last visit, what arrives meanwhile, and votes. embed.js loads it when the browser has nothing else to do. */

import { FORMULA, element, shelf, uniqueKey } from "../embed.js";

const COPIED = new Set("href src alt colspan rowspan start lang dir".split(" "));
const WAIT = 25; // seconds that the service may hold an answer back

/** Move the ends of a range that are inside formulas out of them. */
function takeWhole(range) {
  const around = (node) => (node.closest ? node : node.parentElement)?.closest(FORMULA);
  const [first, last] = [around(range.startContainer), around(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
}

function plainHtml(body) {
  for (const formula of body.querySelectorAll(FORMULA)) {
    formula.replaceChildren(element("code", { textContent: formula.dataset.source }));
  }
  for (const extra of body.querySelectorAll("script, style, form, [aria-hidden=true]")) extra.remove();
  for (const link of body.querySelectorAll("a[href]")) link.setAttribute("href", link.href);
  for (const copied of body.querySelectorAll("*")) {
    for (const name of copied.getAttributeNames()) if (!COPIED.has(name)) copied.removeAttribute(name);
  }
  return body.innerHTML;
}

export default class Reader {
  #thread;
  #key; // of the thread that was last attended to
  #last; // when this reader was here before
  #after = 0; // the last change that was heard of
  #arrived = new Map();
  #poll = null;
  #button = element("button", { type: "button", className: "comments-arrived", hidden: true });
  #quote = element("button", { type: "button", className: "comments-selected", hidden: true });

  constructor(thread) {
    this.#thread = thread;
    const { root, signal } = thread;
    document.addEventListener("copy", (event) => this.#copied(event), { signal });
    document.addEventListener("selectionchange", () => this.#offer(), { signal });
    document.addEventListener("visibilitychange", () => this.#listen(), { signal });
    // A press on a link would take the selection away that it is to quote.
    root.addEventListener("mousedown", (event) => event.target.closest(".comments-quote, .comments-selected") && event.preventDefault(), { signal });
    this.#button.onclick = () => this.#show();
    this.#quote.onclick = async () => {
      const { id } = this.#quote.dataset;
      const text = this.selected(thread.article(id));
      this.#quote.hidden = true;
      (await thread.writer()).quote(id, text);
    };
    const clock = setInterval(() => this.#times(), 60_000);
    signal.addEventListener("abort", () => {
      clearInterval(clock);
      this.#poll?.abort();
    });
  }

  get #name() {
    return this.#thread.name("seen", this.#thread.key);
  }

  /** Attend to what has just been loaded. */
  adopt() {
    const { section, key } = this.#thread;
    if (key !== this.#key) this.#last = shelf.get(this.#name) ?? Infinity;
    this.#key = key;
    this.#arrived.clear();
    this.#after = Number(section.dataset.change);
    this.#button.hidden = this.#quote.hidden = true;
    section.append(this.#button, this.#quote);
    const own = this.#thread.receipts().map(({ id }) => id);
    this.#markNew(own);
    this.#markVotes(own);
    this.#listen();
  }

  #times() {
    for (const time of this.#thread.section.querySelectorAll("article time")) this.#thread.tellTime(time);
  }

  // --- New since the last visit

  #markNew(own) {
    const { section } = this.#thread;
    const fresh = [...section.querySelectorAll("article")].filter((article) => {
      const time = article.querySelector(".comments-when time")?.dateTime;
      return Date.parse(time) > this.#last && !own.includes(article.id.slice(8));
    });
    for (const article of fresh) {
      const badge = element("span", { className: "comments-badge", textContent: this.#thread.word("new") });
      article.querySelector(".comments-when").after(badge);
    }
    if (fresh.length) {
      const textContent = this.#thread.word("since", { number: fresh.length });
      section.querySelector("h2").after(element("a", { className: "comments-since", href: `#${fresh[0].id}`, textContent }));
    }
    shelf.set(this.#name, Date.now());
  }

  // --- What arrives

  /** Listen for changes as long as somebody can see the page. */
  async #listen() {
    this.#poll?.abort();
    const { signal } = (this.#poll = new AbortController());
    let pause = 0;
    while (!document.hidden && !signal.aborted) {
      const begun = Date.now();
      const heard = await this.#hear(signal).catch(() => null);
      pause = heard ? 0 : Math.min(60, pause * 2 + 5);
      if (heard === 0 && Date.now() - begun < 2000) pause = 15; // nobody held the answer back
      if (pause) await new Promise((done) => setTimeout(done, pause * 1000));
    }
  }

  async #hear(signal) {
    const url = this.#thread.api("changes");
    url.search = new URLSearchParams({ thread: this.#thread.key, after: this.#after, wait: WAIT });
    const response = await fetch(url, { signal, credentials: "omit" });
    if (!response.ok) return null;
    const { changes, next } = await response.json();
    await this.#thread.sending; // until then, what is sent here is not shown here
    if (signal.aborted) return null;
    this.#after = next;
    for (const { kind, id, comment } of changes) {
      if (kind === "published" && comment && !this.#thread.article(id)) this.#arrived.set(id, comment);
      else if (kind === "removed") this.#arrived.delete(id);
    }
    this.#button.textContent = this.#thread.word("arrived", { number: this.#arrived.size });
    this.#button.hidden = !this.#arrived.size;
    if (changes.length && this.#arrived.size) this.#thread.say(this.#button.textContent);
    return changes.length;
  }

  /** Go to the first that has arrived. */
  #show() {
    const [{ id, page, permalink }] = this.#arrived.values();
    const { order, replyTo } = this.#thread.wanted(); // a reply that is being written stays open
    this.#thread.shown = "";
    this.#thread.visit({ page, order, replyTo }, `comment-${id}`).then(() => {
      if (!this.#thread.article(id)) location.assign(permalink);
    });
  }

  // --- Votes; which are this browser's is known here alone

  get #votes() {
    return this.#thread.name("votes", this.#thread.key);
  }

  #markVotes(own) {
    const voted = shelf.get(this.#votes) ?? [];
    for (const button of this.#thread.section.querySelectorAll(".comments-vote")) {
      button.disabled ||= own.includes(button.value);
      if (voted.includes(button.value)) button.ariaPressed = "true";
    }
  }

  /** Give a vote or take it back: shown at once, and as it was where that fails. */
  async vote(button) {
    const thread = this.#thread;
    const { value: id, ariaPressed: before } = button;
    if (button.ariaBusy === "true") return;
    const voted = before !== "true";
    button.ariaBusy = "true";
    button.ariaPressed = voted;
    button.parentNode.querySelector(".comments-error")?.remove();
    const visitor = shelf.get(thread.name("visitor")) ?? uniqueKey();
    shelf.set(thread.name("visitor"), visitor);
    const { ok, answer } = await thread.send(voted ? "POST" : "DELETE", `comments/${id}/votes`, { visitor }).catch(() => ({}));
    button.ariaBusy = null;
    if (!ok) {
      button.ariaPressed = before;
      const textContent = answer?.detail ?? thread.word("uncounted");
      button.parentNode.append(element("p", { className: "comments-error", textContent }));
      return thread.say(textContent);
    }
    button.lastElementChild.textContent = answer.votes ? answer.votes.toLocaleString(thread.locale) : "";
    const others = (shelf.get(this.#votes) ?? []).filter((item) => item !== id);
    shelf.set(this.#votes, voted ? [...others, id] : others);
    thread.say(thread.word(voted ? "voted" : "unvoted"));
  }

  // --- Copying and quoting what is selected

  get #selection() {
    return this.#thread.root.getSelection?.() ?? getSelection();
  }

  /** Return what is selected of a comment, each formula as its source; '' where nothing is. */
  selected(article) {
    const selection = this.#selection;
    const body = article?.querySelector(".comments-body");
    const isInside = !selection.isCollapsed && body?.contains(selection.anchorNode) && body.contains(selection.focusNode);
    return isInside ? this.#taken(selection).text.trim() : "";
  }

  /** Offer to quote what is selected of a comment, beside it. */
  #offer() {
    const selection = this.#selection;
    const within = selection.isCollapsed ? null : selection.anchorNode;
    const article = (within?.closest ? within : within?.parentElement)?.closest("article");
    const isOurs = article && this.#thread.section.contains(article) && article.querySelector("a.comments-quote");
    this.#quote.hidden = !isOurs || !this.selected(article);
    if (this.#quote.hidden) return;
    const { bottom, right } = selection.getRangeAt(0).getBoundingClientRect();
    const place = this.#thread.section.getBoundingClientRect();
    this.#quote.dataset.id = article.id.slice(8);
    this.#quote.textContent = this.#thread.word("quote");
    this.#quote.style.insetBlockStart = `${bottom - place.top + 4}px`;
    this.#quote.style.left = `${Math.min(right - place.left, place.width - this.#quote.offsetWidth)}px`;
  }

  /** Return a selection as text and HTML, with each formula as its source. */
  #taken(selection) {
    const drawn = [...this.#thread.root.querySelectorAll(FORMULA)].filter((it) => !it.querySelector("code.comments-tex"));
    const taken = drawn.filter((formula) => selection.containsNode(formula, true));
    const ranges = Array.from({ length: selection.rangeCount }, (_, index) => selection.getRangeAt(index));
    for (const range of taken.length ? ranges : []) takeWhole(range);
    // The browser makes the text, while each formula is a mark with its number.
    const kept = taken.map((formula) => ({ formula, children: [...formula.childNodes], left: formula.scrollLeft }));
    kept.forEach(({ formula }, index) => formula.replaceChildren(`\uE000${index}\uE000`));
    const marked = selection.toString();
    const body = document.implementation.createHTMLDocument("").body;
    body.append(...ranges.map((range) => range.cloneContents()));
    for (const { formula, children, left } of kept) {
      formula.replaceChildren(...children);
      if (left) formula.scrollLeft = left;
    }
    const text = marked.replace(/\uE000(\d+)\uE000/g, (mark, index) => taken[index]?.dataset.source ?? mark);
    return { taken, text, body };
  }

  /** Put the selected text on the clipboard with each formula as its source. */
  #copied(event) {
    const selection = this.#selection;
    const isTyping = event.composedPath()[0].matches?.("input, textarea");
    if (event.defaultPrevented || isTyping || selection.isCollapsed) return;
    const { taken, text, body } = this.#taken(selection);
    if (!taken.length) return;
    event.clipboardData.setData("text/plain", text);
    event.clipboardData.setData("text/html", plainHtml(body));
    event.preventDefault();
  }
}
