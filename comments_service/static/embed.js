/* The comments of a page, as an element; docs/embedding.md says all of it, embed.d.ts in types:
 *
 *   <script type="module" src="https://comments.example/static/embed.js"></script>
 *   <comment-thread site="blog" thread="/archives/7782"></comment-thread>
 *
 * The HTML is made by the service. This file fetches it and follows its links without leaving the page; what
 * writers need is in embed/form.js, and what readers need later in embed/reading.js. The service's own thread
 * page has the same element around what is already there, and works without it.
 */

export const BASE = new URL("..", import.meta.url);

export const FORMULA = ".comments-formula[data-source], .comments-math[data-source]";

/** What an address may ask for; on a host page, all but the last two are called by longer names. */
const NAMES = ["page", "root", "cursor", "order", "edit", "delete", "replyTo", "quote"];
const VIEW = NAMES.slice(0, 6);

/** What is said before the service's words have come, or where they can't: as in its catalogues. */
const BEFORE = {
  en: ["The comments could not be loaded.", "Try again"],
  "zh-Hans": ["评论加载失败。", "重试"],
  "zh-Hant": ["留言載入失敗。", "重試"],
  ja: ["コメントを読み込めませんでした。", "もう一度試す"],
  de: ["Die Kommentare konnten nicht geladen werden.", "Noch einmal versuchen"],
  fr: ["Les commentaires n’ont pas pu être chargés.", "Réessayer"],
  es: ["No se pudieron cargar los comentarios.", "Intentar de nuevo"],
  ar: ["تعذّر تحميل التعليقات.", "حاول مرة أخرى"],
};

/** Return the early words in the language of a tag, as comments_service/language.py chooses it. */
function early(tag) {
  const first = tag.toLowerCase().split(/[-_]/)[0];
  const script = /^(?!.*hans).*(hant|tw|hk|mo)/i.test(tag) ? "zh-Hant" : "zh-Hans";
  return BEFORE[first === "zh" ? script : first] ?? BEFORE.en;
}

const memory = new Map(); // what the browser would not store

/** The host page's storage; where the browser refuses it, it lasts as long as the page. */
export const shelf = {
  get(name) {
    try {
      return memory.get(name) ?? JSON.parse(localStorage.getItem(name));
    } catch {
      return null; // refused, or not ours
    }
  },
  set(name, value) {
    memory.delete(name);
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, JSON.stringify(value));
    } catch {
      memory.set(name, value); // refused or full
    }
  },
};

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function uniqueKey() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-"); // randomUUID is for pages by https only
}

/** Ask for HTML that the service made and sanitised. A request for a document parses without running
 * anything, and without a sink that a page with Trusted Types would have to allow. */
export function ask(url, { headers = {}, body = null, signal } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(body === null ? "GET" : "POST", url);
    request.responseType = "document";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.onload = () => resolve(request);
    request.onerror = request.onabort = reject;
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** Wait for the style sheet in the document or a shadow tree: nothing is shown without it. */
function styled(root) {
  const href = new URL("static/comments.css", BASE).href;
  const place = root.host ? root : document.head;
  let link = [...place.querySelectorAll("link[rel=stylesheet]")].find((sheet) => sheet.href === href);
  if (link?.sheet) return Promise.resolve();
  if (!link) place.append((link = element("link", { rel: "stylesheet", href })));
  return (link.loading ??= new Promise((resolve) => (link.onload = link.onerror = resolve)));
}

/** The end of the addresses of modules: browsers remember by address that one could not be had. */
let retry = "";

/** What an element does; its methods are also for the other modules. */
export class Thread {
  section = null;
  root = null; // the element, or its shadow tree
  shown = null; // the view that stands there, as text
  sending = null; // a promise as long as something is being sent
  #said = element("p", { className: "comments-said", role: "status" });
  #loading = null;
  #life = null;
  #dressed = false; // whether math.js has been at work
  #parts = {}; // promises of what the other modules have for this element
  #writer; // as soon as it is there

  constructor(host) {
    this.host = host;
  }

  get site() {
    return this.host.getAttribute("site") ?? "default";
  }

  get key() {
    return this.host.getAttribute("thread") || location.pathname;
  }

  /** The token by which the page vouches for whoever writes. */
  get identity() {
    return this.host.getAttribute("identity");
  }

  get standalone() {
    return this.host.hasAttribute("standalone");
  }

  get signal() {
    return this.#life?.signal;
  }

  get form() {
    return this.section?.querySelector(".comments-form");
  }

  /** Return what this page's address calls a thing. */
  #there(name) {
    return this.standalone || !VIEW.includes(name) ? name : `comment-${name}`;
  }

  connect() {
    this.#life = new AbortController();
    const { signal } = this;
    const isolated = this.host.getAttribute("isolate") === "shadow";
    this.root ??= isolated ? this.host.attachShadow({ mode: "open" }) : this.host;
    if (isolated && !this.section) this.root.append(element("slot"));
    this.root.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.root.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.root.addEventListener("focusin", (event) => event.target.closest("form") && this.writer(), { signal });
    addEventListener("popstate", () => this.#travelled(), { signal });
    if (!this.host.querySelector("section.comments")) this.#reserve("block", "min(50rem, 100vh)");
    this.#near(() => this.start());
  }

  disconnect() {
    this.#life?.abort();
    this.#loading?.abort();
    this.#life = this.#parts.reading = null;
  }

  changed(name) {
    if (!this.#life) return;
    if (name === "math" || name === "equations") this.dress();
    else if (name === "theme") this.#paint();
    else if (name === "identity") this.writer().then((writer) => writer?.introduce());
    else this.start();
  }

  /** Keep room until the style sheet does, so that nothing below moves. */
  #reserve(display, minBlockSize) {
    Object.assign(this.host.style, { display, minBlockSize });
    if (!this.host.getAttribute("style")) this.host.removeAttribute("style");
  }

  /** Begin when the reader comes near, or at once where the address means the comments. */
  #near(begin) {
    const query = new URLSearchParams(location.search);
    const isMeant = () => /^#(comment|respond)/.test(location.hash);
    const isEager = this.host.getAttribute("loading") === "eager" || this.host.querySelector("section.comments");
    if (isEager || isMeant() || NAMES.some((name) => query.has(this.#there(name)))) return begin();
    const watch = new IntersectionObserver((seen) => seen.some((it) => it.isIntersecting) && come(), { rootMargin: "100%" });
    const come = () => {
      watch.disconnect();
      if (!this.section) begin();
    };
    watch.observe(this.host);
    this.signal.addEventListener("abort", () => watch.disconnect());
    addEventListener("hashchange", () => isMeant() && come(), { signal: this.signal });
  }

  async start() {
    const there = this.host.querySelector(":scope > section.comments");
    if (there && this.section === null) {
      this.#adopt(there);
      if (!this.proofs().length) return this.#arrive();
    }
    const isLoaded = await this.load();
    if (isLoaded) this.#arrive();
    return isLoaded;
  }

  #put() {
    this.root.replaceChildren(...this.root.querySelectorAll("link"), this.section, this.#said);
    this.#paint();
  }

  #paint() {
    const theme = this.host.getAttribute("theme") ?? "";
    if (this.section) this.section.dataset.theme = theme;
  }

  // --- Words

  /** Return the language to ask for: the element's own or the page's; '' leaves it to the browser. */
  get #lang() {
    const tag = (this.host.closest("[lang]")?.lang ?? "").replaceAll("_", "-");
    return /^[a-z0-9-]+$/i.test(tag) ? tag : "";
  }

  get spoken() {
    return this.#lang ? { "Accept-Language": this.#lang } : {};
  }

  /** Return a sentence in the language of what stands there, its {names} filled. */
  word(name, values = {}) {
    const mark = `data-say-${name}`;
    const found = this.root.querySelector(`[${mark}]`)?.getAttribute(mark);
    const [failed, again] = early(this.#lang || navigator.language);
    const sentence = found ?? { failed, again }[name] ?? "";
    return sentence.replace(/\{(\w+)\}/g, (mark, value) => values[value] ?? mark);
  }

  say(sentence) {
    this.#said.textContent = sentence;
  }

  /** Tell the page; the answer is false where it objects. */
  tell(type, detail = {}, cancelable = false) {
    const event = new CustomEvent(`comments:${type}`, { bubbles: true, composed: true, cancelable, detail });
    return this.host.dispatchEvent(event);
  }

  // --- Addresses

  /** Return what the page's address asks to be shown of the thread. */
  wanted() {
    return this.#named(new URLSearchParams(location.search));
  }

  #named(query) {
    const given = NAMES.map((name) => [name, query.get(this.#there(name))]);
    const wanted = Object.fromEntries(given.filter(([, value]) => value));
    const order = this.host.getAttribute("order");
    return order ? { order, ...wanted } : wanted;
  }

  #view() {
    const wanted = this.wanted();
    return JSON.stringify(VIEW.map((name) => wanted[name] ?? ""));
  }

  source(wanted, page = this.standalone ? "thread" : "fragment") {
    const url = new URL(`sites/${encodeURIComponent(this.site)}/${page}`, BASE);
    url.search = new URLSearchParams({ thread: this.key, ...wanted });
    return url;
  }

  api(path) {
    return new URL(`api/v1/sites/${encodeURIComponent(this.site)}/${path}`, BASE);
  }

  /** Return this page's address with other parts of the thread asked for. */
  address(wanted, anchor = "") {
    const url = new URL(location.href);
    for (const name of NAMES) {
      if (wanted[name]) url.searchParams.set(this.#there(name), wanted[name]);
      else url.searchParams.delete(this.#there(name));
    }
    url.hash = anchor;
    return url;
  }

  /** Return what a link of the service's HTML asks for. */
  #asked(link) {
    const query = new URLSearchParams(link.getAttribute("href").split("#")[0]);
    // A link that names no order means the oldest first, whatever the element prefers.
    const order = this.#there("order");
    if (this.host.hasAttribute("order") && !query.has(order)) query.set(order, "oldest");
    return this.#named(query);
  }

  // --- Receipts: the proofs that comments are one's own, in the host page's storage

  name(kind, more = "") {
    return `comments ${BASE.host} ${this.site} ${kind} ${more}`.trim();
  }

  receipts() {
    return shelf.get(this.name("receipts")) ?? [];
  }

  /** Return what proves the comments of this thread that only their author sees or may still change. */
  proofs() {
    const now = new Date().toISOString();
    const own = this.receipts().filter((item) => item.thread === this.key);
    const needed = own.filter((item) => item.waiting || item.until > now);
    return needed.map((item) => item.receipt);
  }

  /** Return headers that speak for a visitor. */
  headers(proofs = this.proofs()) {
    return proofs.length ? { ...this.spoken, Authorization: `Receipt ${proofs.join(", ")}` } : this.spoken;
  }

  #settleReceipts() {
    const kept = this.receipts();
    for (const item of kept) {
      if (this.article(item.id)?.dataset.status === "approved") item.waiting = false;
    }
    if (kept.length) shelf.set(this.name("receipts"), kept);
  }

  /** Send something to the API; the answer is what it says and how. */
  async send(method, path, values, headers = this.spoken) {
    const response = await fetch(this.api(path), {
      method,
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(values),
      credentials: "omit",
      signal: this.signal,
    });
    const answer = await response.json().catch(() => ({}));
    const { ok, status } = response;
    return { ok, status, answer, seconds: Number(response.headers.get("Retry-After")) };
  }

  // --- Loading

  async load(wanted = this.wanted()) {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    (this.section ?? this.host).ariaBusy = "true";
    try {
      // What is typed already is kept by a module that may still be on its way.
      const [found] = await Promise.all([this.fetch(wanted, loading.signal), styled(this.root), this.#parts.form]);
      if (loading.signal.aborted) return false;
      this.#adopt(found);
      return true;
    } catch (error) {
      if (!loading.signal.aborted) this.#failed(error);
      return false;
    }
  }

  async fetch(wanted, signal = this.signal) {
    const { status, response } = await ask(this.source(wanted), { headers: this.headers(), signal });
    const found = response?.querySelector("section.comments");
    if (status !== 200 || !found) throw { status };
    return found;
  }

  #adopt(found) {
    const isFirst = this.shown === null;
    const typing = this.#writer?.leave();
    this.host.ariaBusy = null;
    this.#reserve("", "");
    this.section = document.adoptNode(found);
    this.#put();
    this.shown = this.#view();
    for (const time of this.section.querySelectorAll("time")) this.tellTime(time);
    const { lang } = document.documentElement;
    for (const body of lang ? this.section.querySelectorAll(".comments-body") : []) body.lang = lang;
    for (const box of this.section.querySelectorAll(".comments-body, .comments-body :not(math *)")) {
      if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
    }
    this.#settleReceipts();
    this.dress();
    if (this.form) this.form.elements.remember.parentNode.hidden = false;
    if (this.#writer) this.#writer.adopt(typing);
    else if (this.#isForWriters()) this.writer();
    (window.requestIdleCallback ?? setTimeout)(() => this.#read());
    const { page, pages } = this.section.dataset;
    if (isFirst) this.tell("ready");
    this.tell("loaded", { page: Number(page), pages: Number(pages) });
  }

  /** Return how numbers are written: in the digits of floors and formulas. */
  get locale() {
    return `${this.section.lang}-u-nu-latn`;
  }

  /** Show how long ago it was; the exact moment, as it is here, is the title. */
  tellTime(time) {
    const lang = this.locale;
    const moment = new Date(time.dateTime);
    time.title = moment.toLocaleString(lang, { dateStyle: "medium", timeStyle: "short" });
    const minutes = (moment - Date.now()) / 60_000;
    const [unit, length] = [["day", 1440], ["hour", 60], ["minute", 1]].find(([, n]) => -minutes >= n) ?? ["second", 9e9];
    const isRecent = minutes <= 1 && minutes > -43_200;
    const ago = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
    time.textContent = isRecent ? ago.format(Math.min(Math.ceil(minutes / length), 0), unit) : time.title;
  }

  /** Show formulas and references as the attributes ask; without any, they are right as they came. */
  async dress() {
    const { host } = this;
    const isPlain = (host.getAttribute("math") ?? "mathml") === "mathml" && !host.getAttribute("equations");
    if (isPlain && !this.#dressed) return;
    this.#dressed = true;
    const { show, refer } = await import("./math.js");
    show(this, host.getAttribute("math") ?? "mathml");
    refer(this.section, host.getAttribute("equations"));
  }

  #failed(error) {
    (this.section ?? this.host).ariaBusy = null;
    const onclick = () => this.start();
    const again = element("button", { type: "button", onclick }, this.word("again"));
    const said = element("p", {}, `${this.word("failed")} `, again);
    this.root.querySelector(".comments-failed")?.remove();
    const notice = element("div", { className: "comments comments-failed", role: "alert" }, said);
    // Without comments, what the page had put into the element stays: mostly a link to the thread's own page.
    if (this.section) this.section.prepend(notice);
    else this.root.append(notice);
    this.tell("error", { status: error.status ?? 0, during: "load" });
  }

  // --- The other modules, each when it is first needed

  /** Return what a module has for this element; nothing where it can't be had now, and the next call tries again. */
  #part(name) {
    return (this.#parts[name] ??= import(`./embed/${name}.js${retry}`)
      .then(({ default: Part }) => new Part(this))
      .catch(() => {
        retry += "?";
        this.#parts[name] = null;
      }));
  }

  /** Return what writers need. */
  async writer() {
    const writer = await this.#part("form");
    if (this.section && writer !== this.#writer) (this.#writer = writer).adopt();
    return writer;
  }

  #isForWriters() {
    const { replyTo, quote } = this.wanted();
    const own = this.section.querySelector("[data-until], .comments-change");
    return this.form && (this.identity || replyTo || quote || own || shelf.get(this.name("person")) || shelf.get(this.name("drafts", this.key)));
  }

  /** Return what readers need later. */
  reader() {
    return this.#part("reading");
  }

  async #read() {
    if (this.#life) (await this.reader())?.adopt();
  }

  // --- Moving about

  article(id) {
    return this.section.querySelector(`#comment-${CSS.escape(id)}`);
  }

  /** After the first load, and where the address names a comment: go there. */
  async #arrive() {
    const id = /^#comment-(\d+)$/.exec(location.hash)?.[1];
    if (/^#(comments|respond|m\d+-\d+)$/.test(location.hash)) {
      this.root.querySelector(location.hash)?.scrollIntoView();
    }
    if (!id || this.mark(id)) return;
    const response = await fetch(this.api(`comments/${id}`), { credentials: "omit" }).catch(() => null);
    if (!response?.ok) return;
    const { thread, page, comment } = await response.json();
    if (thread.key !== this.section.dataset.thread || !page) return;
    const before = this.wanted();
    history.replaceState(history.state, "", this.address({ page }, `comment-${comment.id}`));
    if (this.#view() !== this.shown && !(await this.load())) return;
    // Past what its page shows: the service knows the way, and this page's address tells it was taken.
    if (!this.mark(comment.id) && !before.root) location.replace(comment.permalink);
  }

  mark(id, focus = false) {
    const article = this.article(id);
    if (!article) return false;
    this.section.querySelector(".comments-marked")?.classList.remove("comments-marked");
    article.classList.add("comments-marked");
    article.closest("details:not([open])")?.setAttribute("open", "");
    article.scrollIntoView({ block: "center" });
    if (focus) article.focus({ preventScroll: true });
    return true;
  }

  /** Show another part of the thread, and go to where its address points. */
  async visit(wanted, anchor = "") {
    history.pushState(null, "", this.address(wanted, anchor));
    if (this.#view() !== this.shown && !(await this.load())) return;
    const id = /^#?comment-(\d+)$/.exec(anchor)?.[1];
    const change = this.section.querySelector(".comments-change");
    if (change) return change.querySelector("textarea, button").focus();
    if (id && this.mark(id, true)) return;
    this.say(this.word("page", this.section.dataset));
    this.section.scrollIntoView();
    this.section.querySelector("h2")?.focus({ preventScroll: true });
  }

  async #travelled() {
    if (!this.section) return;
    if (this.#view() !== this.shown) {
      if ((await this.load()) && !location.hash.startsWith("#comment-")) this.section.scrollIntoView();
    } else this.#writer?.travelled();
    this.#arrive();
  }

  async #clicked(event) {
    const link = event.target.closest?.("a");
    const plain = !event.defaultPrevented && event.button === 0;
    if (!link || !plain || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const near = this.#linked(link);
    if (near) {
      event.preventDefault();
      history.pushState(null, "", this.address(this.wanted(), `comment-${near}`));
      this.mark(near, true);
    }
    const ours = link.matches(".comments-cancel") || link.getAttribute("href")?.startsWith("?");
    if (!ours || link.closest(".comments-body")) return;
    event.preventDefault();
    const { comment } = link.dataset;
    const selected = comment ? await this.selected(comment) : "";
    const act = ["quote", "reply", "cancel"].find((name) => link.matches(`.comments-${name}`));
    const writer = act && (await this.writer());
    if (writer) writer[act](comment, selected);
    else this.visit(this.#asked(link), link.hash);
  }

  /** Return the id of a comment on this page to which a permalink leads. */
  #linked(link) {
    const path = new URL("c/", BASE).href;
    const id = link.href?.startsWith(path) ? link.href.slice(path.length) : /^#comment-(\d+)$/.exec(link.getAttribute("href"))?.[1];
    return id && this.article(id) ? id : null;
  }

  /** Return what is selected of a comment, its formulas as TeX. */
  async selected(id) {
    return (await this.#parts.reading)?.selected(this.article(id)) ?? "";
  }

  async #submitted(event) {
    const { target, submitter } = event;
    if (!target.matches(".comments-form, .comments-change, #comments-votes")) return;
    event.preventDefault();
    if (target.id === "comments-votes") return (await this.reader())?.vote(submitter);
    const writer = await this.writer();
    if (writer) return writer.submit(target, submitter?.name);
    const box = target.querySelector(".comments-problem");
    box.textContent = this.word("offline");
    box.hidden = false;
    box.scrollIntoView({ block: "center" });
  }
}

/** The element; what a page may call is here. */
class CommentThread extends HTMLElement {
  static observedAttributes = ["site", "thread", "lang", "order", "theme", "math", "equations", "identity"];
  #thread = new Thread(this);

  connectedCallback() {
    this.#thread.connect();
  }

  disconnectedCallback() {
    this.#thread.disconnect();
  }

  attributeChangedCallback(name, before, after) {
    if (before !== after) this.#thread.changed(name);
  }

  /** Load anew what is shown; false where that fails. */
  async reload() {
    return this.#thread[this.#thread.section ? "load" : "start"]();
  }

  /** Open the form with a quotation of a comment that is shown. */
  async quote(id) {
    const writer = await this.#writer();
    return writer.quote(String(id), await this.#thread.selected(String(id)));
  }

  /** Put the focus into the text of the form. */
  async focusForm() {
    return (await this.#writer()).write();
  }

  /** Return what writers need, once the comments stand there. */
  async #writer() {
    if (!this.#thread.section) await this.#thread.start();
    return this.#thread.writer();
  }

  /** Say whether the page is "light" or "dark"; "" follows its color-scheme. */
  setTheme(theme) {
    this.setAttribute("theme", theme);
  }
}

const DATA = "data-comments-";

/** Make elements of what a site builder could only give data- attributes, and bring along what lists need. */
export function upgrade(root = document) {
  for (const place of root.querySelectorAll("[data-comments-site]:not(:has(comment-thread, comment-count, comment-recent))")) {
    const made = document.createElement(`comment-${place.dataset.commentsElement ?? "thread"}`);
    for (const { name, value } of place.attributes) {
      if (name.startsWith(DATA)) made.setAttribute(name.slice(DATA.length), value);
    }
    made.append(...place.childNodes);
    place.append(made);
  }
  if (root.querySelector("comment-count, comment-recent")) import("./embed/lists.js");
}

if (!customElements.get("comment-thread")) {
  customElements.define("comment-thread", CommentThread);
  upgrade();
  if (parent !== window && document.querySelector("comment-thread[standalone]")) import("./embed/framed.js");
}
