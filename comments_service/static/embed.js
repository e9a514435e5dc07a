/* The comments of a page, as an element:
 *
 *   <script type="module" src="https://comments.example/static/embed.js"></script>
 *   <comment-thread site="blog" thread="/archives/7782"></comment-thread>
 *
 * The HTML is made by the service; this fetches it, follows its links without leaving the page, and
 * sends its form so that one press is one comment, whatever the connection does. The service's own
 * thread page carries the same element around what is already there, and works without it.
 *
 * Events, all bubbling: comments:loaded, comments:submitted, comments:error, and comments:math of math.js.
 */

const BASE = new URL("..", import.meta.url);

/** How the address of a host page names what the service calls by the shorter name. */
const HOST_NAMES = {
  page: "comment-page",
  root: "comment-root",
  cursor: "comment-cursor",
  order: "comment-order",
  replyTo: "replyTo",
  quote: "quote",
};
const OWN_NAMES = Object.fromEntries(Object.keys(HOST_NAMES).map((name) => [name, name]));
const VIEW = ["page", "root", "cursor", "order"];
const PERSON = ["name", "email", "website"];
const MOST_RECEIPTS = 50;
const FORMULA = ".comments-formula[data-source], .comments-math[data-source]";
const COPIED = new Set("href src alt colspan rowspan start lang dir".split(" "));

/** What is said before the service's words have come, or where they can't: as in its catalogues. */
const BEFORE = {
  en: ["Loading comments…", "The comments could not be loaded.", "Try again", "Open them on their own page"],
  "zh-Hans": ["正在加载评论…", "评论加载失败。", "重试", "在单独的页面中打开"],
  "zh-Hant": ["正在載入留言…", "留言載入失敗。", "重試", "在單獨的頁面中開啟"],
  ja: ["コメントを読み込んでいます…", "コメントを読み込めませんでした。", "もう一度試す", "専用のページで開く"],
  de: ["Kommentare werden geladen …", "Die Kommentare konnten nicht geladen werden.", "Noch einmal versuchen", "Auf eigener Seite öffnen"],
  fr: ["Chargement des commentaires…", "Les commentaires n’ont pas pu être chargés.", "Réessayer", "Les ouvrir sur leur propre page"],
  es: ["Cargando los comentarios…", "No se pudieron cargar los comentarios.", "Intentar de nuevo", "Abrirlos en su propia página"],
  ar: ["جارٍ تحميل التعليقات…", "تعذّر تحميل التعليقات.", "حاول مرة أخرى", "افتحها في صفحتها الخاصة"],
};

/** Storage that a browser may refuse: then it lasts as long as the page. */
class Shelf {
  #memory = new Map();
  #kind;

  constructor(kind) {
    this.#kind = kind;
  }

  get(name) {
    try {
      const text = window[this.#kind].getItem(name);
      if (text !== null) return JSON.parse(text);
    } catch {
      // refused, or not ours
    }
    return this.#memory.get(name) ?? null;
  }

  set(name, value) {
    if (value === null) this.#memory.delete(name);
    else this.#memory.set(name, value);
    try {
      if (value === null) window[this.#kind].removeItem(name);
      else window[this.#kind].setItem(name, JSON.stringify(value));
    } catch {
      // refused or full: memory has it
    }
  }
}

const lasting = new Shelf("localStorage");
const passing = new Shelf("sessionStorage");

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Return the nodes of HTML that the service made and sanitised; nothing in it is run. */
function nodes(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}

function uniqueKey() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came by https
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** Return the early words in the language of a tag, as comments_service/language.py chooses it. */
function early(tag) {
  const parts = tag.toLowerCase().split(/[-_]/);
  const isTraditional = !parts.includes("hans") && /\b(hant|tw|hk|mo)\b/.test(parts.join(" "));
  return BEFORE[parts[0] === "zh" ? (isTraditional ? "zh-Hant" : "zh-Hans") : parts[0]] ?? BEFORE.en;
}

/** Fill the {names} of a sentence. */
function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (mark, name) => values[name] ?? mark);
}

function wantStylesheet() {
  const href = new URL("static/comments.css", BASE).href;
  const there = [...document.querySelectorAll("link[rel=stylesheet]")];
  if (!there.some((link) => link.href === href)) {
    document.head.append(element("link", { rel: "stylesheet", href }));
  }
}

// --- Copying formulas

/** Put the selected text on the clipboard with each formula as its source. */
function copyFormulas(event, thread) {
  const selection = getSelection();
  const drawn = [...thread.querySelectorAll(FORMULA)].filter((it) => !it.querySelector("code.comments-tex"));
  const taken = drawn.filter((formula) => selection.containsNode(formula, true));
  const typing = event.target.matches?.("input, textarea");
  if (event.defaultPrevented || typing || selection.isCollapsed || !taken.length) return;
  const ranges = Array.from({ length: selection.rangeCount }, (_, index) => selection.getRangeAt(index));
  for (const range of ranges) takeWhole(range);
  // The browser makes the text, while each formula is a mark with its number.
  const kept = taken.map((formula) => ({ formula, children: [...formula.childNodes], left: formula.scrollLeft }));
  kept.forEach(({ formula }, index) => formula.replaceChildren(`\uE000${index}\uE000`));
  const marked = selection.toString();
  const page = new DOMParser().parseFromString("", "text/html");
  page.body.append(...ranges.map((range) => range.cloneContents()));
  for (const { formula, children, left } of kept) {
    formula.replaceChildren(...children);
    if (left) formula.scrollLeft = left;
  }
  const text = marked.replace(/\uE000(\d+)\uE000/g, (mark, index) => taken[index]?.dataset.source ?? mark);
  event.clipboardData.setData("text/plain", text);
  event.clipboardData.setData("text/html", plainHtml(page.body));
  event.preventDefault();
}

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

class CommentThread extends HTMLElement {
  static observedAttributes = ["site", "thread", "lang", "math", "equations"];

  #section = null;
  #form = null;
  #home = document.createComment("the form's own place");
  #said = element("p", { className: "comments-said", role: "status" });
  #shown = null; // the view that stands there, as text
  #loading = null;
  #sending = false;
  #life = null;
  #dressed = false; // whether math.js has been at work

  get site() {
    return this.getAttribute("site") ?? "default";
  }

  get thread() {
    return this.getAttribute("thread") || location.pathname;
  }

  get #names() {
    return this.hasAttribute("standalone") ? OWN_NAMES : HOST_NAMES;
  }

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.addEventListener("keydown", (event) => this.#pressed(event), { signal });
    this.addEventListener("input", () => this.#keep(), { signal });
    addEventListener("popstate", () => this.#travelled(), { signal });
    document.addEventListener("copy", (event) => copyFormulas(event, this), { signal });
    wantStylesheet();
    this.#start();
  }

  disconnectedCallback() {
    this.#life?.abort();
    this.#loading?.abort();
    this.#life = null;
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#life || before === after) return;
    if (name === "math" || name === "equations") this.#dress();
    else this.#start();
  }

  async #start() {
    const there = this.querySelector(":scope > section.comments");
    if (there && this.#section === null) {
      this.#adopt(there);
      if (!this.#waiting().length) {
        this.#ready();
        return this.#arrive();
      }
    } else {
      this.#section = element(
        "section",
        { className: "comments", ariaBusy: "true" },
        element("p", { className: "comments-loading", textContent: this.#word("loading") }),
      );
      this.replaceChildren(this.#section, this.#said);
    }
    if (await this.#load()) this.#arrive();
  }

  // --- Addresses

  /** Return what the page's address asks to be shown of the thread. */
  #wanted() {
    const query = new URLSearchParams(location.search);
    const given = Object.entries(this.#names).map(([name, there]) => [name, query.get(there)]);
    return Object.fromEntries(given.filter(([, value]) => value));
  }

  #view(wanted = this.#wanted()) {
    return JSON.stringify(VIEW.map((name) => wanted[name] ?? ""));
  }

  #source(wanted) {
    const page = this.hasAttribute("standalone") ? "thread" : "fragment";
    const url = new URL(`sites/${encodeURIComponent(this.site)}/${page}`, BASE);
    url.search = new URLSearchParams({ thread: this.thread, ...wanted });
    return url;
  }

  #api(path) {
    return new URL(`api/v1/sites/${encodeURIComponent(this.site)}/${path}`, BASE);
  }

  /** Return the language to ask for: the element's own or the page's; '' leaves it to the browser. */
  get #lang() {
    const tag = (this.closest("[lang]")?.lang ?? "").replaceAll("_", "-");
    return /^[a-z0-9-]+$/i.test(tag) ? tag : "";
  }

  get #spoken() {
    return this.#lang ? { "Accept-Language": this.#lang } : {};
  }

  /** Return a sentence in the language of what stands there. */
  #word(name, values = {}) {
    const key = `say${name[0].toUpperCase()}${name.slice(1)}`;
    const words = this.#form?.dataset[key] ?? this.#section?.dataset[key];
    if (words !== undefined) return filled(words, values);
    return early(this.#lang || navigator.language)[["loading", "failed", "again", "open"].indexOf(name)];
  }

  /** Return this page's address with other parts of the thread asked for. */
  #address(wanted, anchor = "") {
    const url = new URL(location.href);
    for (const [name, there] of Object.entries(this.#names)) {
      if (wanted[name]) url.searchParams.set(there, wanted[name]);
      else url.searchParams.delete(there);
    }
    url.hash = anchor;
    return url;
  }

  /** Return what a link of the service's HTML asks for. */
  #asked(link) {
    const query = new URLSearchParams(link.getAttribute("href").split("#")[0]);
    const given = Object.entries(this.#names).map(([name, there]) => [name, query.get(there)]);
    return Object.fromEntries(given.filter(([, value]) => value));
  }

  // --- Loading

  async #load(wanted = this.#wanted()) {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    this.#section.ariaBusy = "true";
    try {
      const found = await this.#fetch(wanted, loading.signal);
      if (loading.signal.aborted) return false;
      this.#adopt(found);
      this.#ready();
      return true;
    } catch (error) {
      if (!loading.signal.aborted) this.#failed(error);
      return false;
    }
  }

  #ready() {
    const { page, pages } = this.#section.dataset;
    this.#tell("comments:loaded", { page: Number(page), pages: Number(pages) });
  }

  async #fetch(wanted, signal) {
    const receipts = this.#waiting().map((item) => item.receipt);
    const proofs = receipts.length ? { Authorization: `Receipt ${receipts.join(", ")}` } : {};
    const headers = { ...this.#spoken, ...proofs };
    const response = await fetch(this.#source(wanted), { headers, signal, credentials: "omit" });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.querySelector("section.comments");
    if (!response.ok || !found) throw Object.assign(new Error("refused"), { status: response.status });
    return found;
  }

  #adopt(found) {
    const section = document.adoptNode(found);
    if (this.#section && this.#section !== section) this.#section.replaceWith(section);
    this.#section = section;
    if (!this.contains(section)) this.replaceChildren(section);
    this.append(this.#said);
    this.#shown = this.#view();
    for (const time of section.querySelectorAll("time")) {
      time.title = time.textContent;
      time.textContent = new Intl.DateTimeFormat(section.lang, {
        dateStyle: "medium",
        timeStyle: "short",
      }).format(new Date(time.dateTime));
    }
    for (const box of section.querySelectorAll(".comments-body, .comments-body :not(math *)")) {
      if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === "auto") box.tabIndex = 0;
    }
    this.#settleReceipts();
    this.#takeForm();
    this.#dress();
  }

  /** Show formulas and references as the attributes ask; without any, they are right as they came. */
  async #dress() {
    const isPlain = (this.getAttribute("math") ?? "mathml") === "mathml" && !this.getAttribute("equations");
    if (isPlain && !this.#dressed) return;
    this.#dressed = true;
    const { show, refer } = await import("./math.js");
    show(this, this.getAttribute("math") ?? "mathml");
    refer(this, this.getAttribute("equations"));
  }

  #failed(error) {
    this.#section.ariaBusy = "false";
    const again = element("button", { type: "button", textContent: this.#word("again") });
    again.addEventListener("click", async () => (await this.#load()) && this.#arrive());
    const notice = element(
      "div",
      { className: "comments-problem comments-failed", role: "alert" },
      element("p", {}, this.#word("failed"), " "),
      element("p", {}, again),
    );
    if (!this.hasAttribute("standalone")) {
      const own = this.#source({});
      own.pathname = own.pathname.replace(/fragment$/, "thread");
      notice.firstChild.append(element("a", { href: own.href, textContent: this.#word("open") }));
    }
    this.#section.querySelector(".comments-loading, .comments-failed")?.remove();
    this.#section.prepend(notice);
    this.#tell("comments:error", { status: error.status ?? 0, during: "load" });
  }

  // --- Moving about

  /** After the first load, and where the address names a comment: go there. */
  async #arrive() {
    const id = /^#comment-(\d+)$/.exec(location.hash)?.[1];
    if (/^#(respond|m\d+-\d+)$/.test(location.hash)) this.querySelector(location.hash)?.scrollIntoView();
    if (!id || this.#mark(id)) return;
    const response = await fetch(this.#api(`comments/${id}`), { credentials: "omit" }).catch(() => null);
    if (!response?.ok) return;
    const { thread, page, comment } = await response.json();
    if (thread.key !== this.#section.dataset.thread || !page) return;
    const before = this.#wanted();
    history.replaceState(history.state, "", this.#address({ page }, `#comment-${comment.id}`));
    if (this.#view() !== this.#shown && !(await this.#load())) return;
    // Past what its page shows: the service knows the way, and this page's address tells it was taken.
    if (!this.#mark(comment.id) && !before.root) location.replace(comment.permalink);
  }

  #mark(id, focus = false) {
    const article = this.#section.querySelector(`#comment-${CSS.escape(id)}`);
    if (!article) return false;
    this.#section.querySelector(".comments-marked")?.classList.remove("comments-marked");
    article.classList.add("comments-marked");
    article.scrollIntoView({ block: "center" });
    if (focus) article.focus({ preventScroll: true });
    return true;
  }

  async #visit(wanted, anchor) {
    history.pushState(null, "", this.#address(wanted, anchor));
    if (!(await this.#load())) return;
    const { page, pages } = this.#section.dataset;
    this.#say(this.#word("page", { page, pages }));
    this.#section.scrollIntoView();
    this.#section.querySelector("h2")?.focus({ preventScroll: true });
  }

  async #travelled() {
    if (this.#view() !== this.#shown) {
      if ((await this.#load()) && !location.hash.startsWith("#comment-")) this.#section.scrollIntoView();
    } else if ((this.#wanted().replyTo ?? "") !== this.#parent()) {
      this.#answer(this.#wanted().replyTo ?? "");
    }
    this.#arrive();
  }

  #clicked(event) {
    const link = event.target.closest?.("a");
    const plain = !event.defaultPrevented && event.button === 0;
    if (!link || !plain || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const ours = link.matches(".comments-cancel") || link.getAttribute("href")?.startsWith("?");
    if (!ours || link.closest(".comments-body")) return;
    event.preventDefault();
    const wanted = this.#asked(link);
    const id = /^#comment-(\d+)$/.exec(link.hash)?.[1];
    if (link.matches(".comments-reply")) this.#reply(link.dataset.comment);
    else if (link.matches(".comments-quote")) this.#quote(link.dataset.comment);
    else if (link.matches(".comments-cancel")) this.#cancel();
    else if (id && this.#mark(id, true)) history.pushState(null, "", this.#address(wanted, link.hash));
    else this.#visit(wanted, link.hash);
  }

  #pressed(event) {
    if (event.isComposing || event.keyCode === 229 || !this.#form?.contains(event.target)) return;
    if (event.key === "Escape" && this.#parent()) {
      event.preventDefault();
      this.#cancel();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#post();
    }
  }

  // --- The form and its place

  #takeForm() {
    const form = this.#section.querySelector("form.comments-form");
    this.#form = form;
    if (!form) return;
    form.before(this.#home);
    const parent = this.#parent();
    const typed = form.elements.body.value;
    const kept = this.#draft().body ?? "";
    const both = kept && typed && !kept.includes(typed.trim()) ? `${kept.trimEnd()}\n\n${typed}` : kept || typed;
    const person = passing.get(this.#name("person")) ?? {};
    for (const name of PERSON) form.elements[name].value ||= person[name] ?? "";
    form.elements.body.value = both;
    if (parent && this.#article(parent)) this.#place(parent);
    if (both) this.#keep();
    const wanted = this.#wanted();
    if (wanted.quote) {
      // Taken over once: a reload must not quote again.
      history.replaceState(history.state, "", this.#address({ ...wanted, quote: "" }, location.hash));
    }
  }

  #article(id) {
    return this.#section.querySelector(`#comment-${CSS.escape(id)}`);
  }

  #parent() {
    return this.#form?.elements.parent_id?.value ?? "";
  }

  /** Put the form under a comment, or back; what was typed goes along unless something waits there. */
  #answer(id) {
    if (!this.#form || (id && !this.#article(id))) return false;
    const { body } = this.#form.elements;
    const typed = body.value;
    const left = this.#name("draft");
    this.#place(id);
    const kept = this.#draft().body ?? "";
    if (!kept && typed) lasting.set(left, null);
    body.value = kept || typed;
    this.#keep();
    return true;
  }

  #place(id) {
    const form = this.#form;
    form.querySelector(".comments-answering")?.remove();
    form.querySelector("button.comments-cancel")?.remove();
    form.elements.parent_id?.remove();
    form.querySelector("h3").textContent = this.#word(id ? "reply" : "write");
    if (!id) return this.#home.after(form);
    const article = this.#article(id);
    const floor = article.dataset.floor ? ` #${article.dataset.floor}` : "";
    const name = article.querySelector(".comments-author")?.textContent ?? "";
    const wanted = { ...this.#wanted(), replyTo: "", quote: "" };
    const [before, after] = this.#word("replying").split("{name}");
    form.querySelector("h3").after(
      element(
        "p",
        { className: "comments-answering" },
        element("span", {}, before, element("a", { href: `#comment-${id}` }, element("bdi", { textContent: name }), floor), after),
        " ",
        element("a", {
          className: "comments-cancel",
          href: this.#address(wanted, `comment-${id}`).href,
          textContent: this.#word("cancel"),
        }),
      ),
      element("input", { type: "hidden", name: "parent_id", value: id }),
    );
    article.after(form);
  }

  #reply(id) {
    if (!this.#answer(id)) return;
    history.pushState(null, "", this.#address({ ...this.#wanted(), replyTo: id }, "respond"));
    this.#write();
  }

  #write() {
    const { body } = this.#form.elements;
    body.focus({ preventScroll: true });
    body.setSelectionRange(body.value.length, body.value.length);
    const { top, bottom } = this.#form.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) body.scrollIntoView({ block: "center" });
  }

  #cancel() {
    const id = this.#parent();
    const wanted = { ...this.#wanted(), replyTo: "" };
    history.pushState(null, "", this.#address(wanted, id ? `comment-${id}` : ""));
    this.#answer("");
    const back = this.#article(id)?.querySelector(".comments-reply");
    (back ?? this.#form.elements.body).focus();
    this.#say(this.#word("cancelled"));
  }

  async #quote(id) {
    const { page, root, cursor, order } = this.#wanted();
    const asked = { page, root, cursor, order, replyTo: id, quote: id };
    const wanted = Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
    try {
      const found = await this.#fetch(wanted, this.#life.signal);
      const quotation = found.querySelector("textarea")?.value ?? "";
      if (this.#parent() !== id) this.#reply(id);
      const { body } = this.#form.elements;
      const before = body.value.trimEnd();
      body.value = before ? `${before}\n\n${quotation}` : quotation;
      this.#keep();
      this.#write();
      this.#say(this.#word("quoted"));
    } catch (error) {
      this.#show([], this.#word("offline"));
      this.#tell("comments:error", { status: error.status ?? 0, during: "quote" });
    }
  }

  // --- Drafts: what was typed and the key of the press it belongs to

  #name(kind) {
    const place = kind === "draft" ? `${this.thread} ${this.#parent()}` : "";
    return `comments ${BASE.host} ${this.site} ${kind} ${place}`.trim();
  }

  #draft() {
    return lasting.get(this.#name("draft")) ?? {};
  }

  #keep() {
    if (!this.#form) return;
    const { elements } = this.#form;
    const draft = { ...this.#draft(), body: elements.body.value };
    lasting.set(this.#name("draft"), draft.body || draft.key ? draft : null);
    passing.set(this.#name("person"), Object.fromEntries(PERSON.map((n) => [n, elements[n].value])));
  }

  #receipts() {
    return lasting.get(this.#name("receipts")) ?? [];
  }

  #waiting() {
    return this.#receipts().filter((item) => item.waiting && item.thread === this.thread);
  }

  /** A comment that is shown to all needs no receipt to be read; it still proves its author. */
  #settleReceipts() {
    const kept = this.#receipts();
    for (const item of kept) {
      if (this.#article(item.id)?.dataset.status === "approved") item.waiting = false;
    }
    if (kept.length) lasting.set(this.#name("receipts"), kept);
  }

  #addReceipt(id, receipt, waiting) {
    const others = this.#receipts().filter((item) => item.id !== id);
    const kept = [...others, { id, receipt, waiting, thread: this.thread }];
    lasting.set(this.#name("receipts"), kept.slice(-MOST_RECEIPTS));
  }

  // --- Sending

  #submitted(event) {
    if (event.target !== this.#form) return;
    event.preventDefault();
    if (event.submitter?.name === "preview") this.#preview();
    else if (event.submitter?.name === "cancel") this.#cancel();
    else this.#post();
  }

  async #send(path, values, headers = {}) {
    const response = await fetch(this.#api(path), {
      method: "POST",
      headers: { "Content-Type": "application/json", ...this.#spoken, ...headers },
      body: JSON.stringify(values),
      credentials: "omit",
      signal: this.#life?.signal,
    });
    const answer = await response.json().catch(() => ({}));
    return { response, answer };
  }

  async #post() {
    if (this.#sending) return;
    this.#busy(true);
    const name = this.#name("draft");
    const draft = { ...this.#draft(), body: this.#form.elements.body.value };
    draft.key ??= uniqueKey();
    lasting.set(name, draft); // before it is sent: a reload repeats this very press
    const proofs = this.#receipts().map((item) => item.receipt).join(", ");
    try {
      const values = { ...this.#values(), submission_key: draft.key };
      const sent = await this.#send("comments", values, proofs ? { Authorization: `Receipt ${proofs}` } : {});
      if (sent.response.ok) await this.#stored(sent.answer, name);
      else this.#refused(sent.response, sent.answer, name);
    } catch {
      this.#show([], this.#word("offline"));
      this.#tell("comments:error", { status: 0, during: "post" });
    } finally {
      this.#busy(false);
    }
  }

  #values() {
    const { elements } = this.#form;
    const names = [...PERSON, "body"];
    const values = Object.fromEntries(names.map((name) => [name, elements[name].value]));
    const standalone = this.hasAttribute("standalone");
    return {
      ...values,
      thread: this.thread,
      parent_id: this.#parent() || null,
      url: standalone ? elements.url.value : this.#address({}).href,
      title: standalone ? elements.title.value : this.getAttribute("page-title") || document.title,
    };
  }

  #busy(busy) {
    this.#sending = busy;
    const button = this.#form?.querySelector(".comments-post");
    if (!button) return;
    button.dataset.label ??= button.textContent;
    button.textContent = busy ? this.#word("posting") : button.dataset.label;
    button.ariaDisabled = String(busy); // not disabled: that would lose the focus
  }

  async #stored({ comment, receipt }, name) {
    const waiting = comment.status === "pending";
    this.#addReceipt(comment.id, receipt, waiting);
    lasting.set(name, null);
    this.#form.elements.body.value = "";
    this.#place("");
    const wanted = { ...this.#wanted(), replyTo: "", quote: "" };
    const view = waiting || wanted.root ? wanted : { order: wanted.order, page: comment.page };
    history.pushState(null, "", this.#address(view, `comment-${comment.id}`));
    this.#tell("comments:submitted", { comment });
    const loaded = await this.#load();
    this.#say(waiting ? [this.#word("waiting"), ...(comment.reasons ?? [])].join(" ") : this.#word("posted"));
    if (loaded && !this.#mark(comment.id, true) && !waiting) location.assign(comment.permalink);
  }

  #refused(response, answer, name) {
    const { code, errors = [] } = answer;
    const seconds = Number(response.headers.get("Retry-After"));
    let sentence = answer.detail ?? this.#word("refused");
    if (code === "submission_key_reused") {
      lasting.set(name, { body: this.#form.elements.body.value });
      sentence = this.#word("reused");
    } else if (code === "parent_unknown") {
      this.#answer("");
      sentence = `${sentence} ${this.#word("orphaned")}`;
    } else if (response.status === 429 && seconds) {
      sentence = this.#word("wait", { seconds });
    }
    this.#show(errors, sentence);
    this.#tell("comments:error", { status: response.status, code, during: "post" });
  }

  async #preview() {
    const box = this.#form.querySelector(".comments-preview");
    try {
      const { response, answer } = await this.#send("preview", { body: this.#form.elements.body.value });
      if (!response.ok) {
        this.#show(answer.errors ?? [], answer.detail ?? this.#word("refused"), this.#word("unseen"));
        return;
      }
      this.#show([], "");
      box.querySelector(".comments-body").replaceChildren(...nodes(answer.html));
      const warnings = answer.warnings.map((item) => element("li", { textContent: item.message }));
      box.querySelector(".comments-warnings").replaceChildren(...warnings);
      this.#dress();
      box.hidden = false;
      box.scrollIntoView({ block: "nearest" });
      this.#say(this.#word("previewed"));
    } catch {
      this.#show([], this.#word("offline"), this.#word("unseen"));
    }
  }

  /** Say what is wrong above the form and beside each field; nothing at all takes it back. */
  #show(errors, sentence, lead = this.#word("problem")) {
    const form = this.#form;
    for (const field of [...PERSON, "body"]) {
      const wrong = errors.find((item) => item.field === field)?.message ?? "";
      const input = form.elements[field];
      const line = form.querySelector(`#comments-${field}-error`);
      line.textContent = wrong;
      line.hidden = !wrong;
      if (wrong) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      input.setAttribute("aria-describedby", `${wrong ? `${line.id} ` : ""}comments-${field}-hint`);
    }
    const box = form.querySelector(".comments-problem");
    box.replaceChildren();
    box.hidden = !sentence;
    if (!sentence) return;
    box.append(element("p", {}, element("strong", { textContent: lead }), ` ${sentence}`), this.#listed(errors));
    const first = form.querySelector("[aria-invalid=true]");
    if (first) first.focus();
    else box.scrollIntoView({ block: "nearest" });
  }

  #listed(errors) {
    const items = errors.map(({ field, message }) => {
      const label = this.#form.querySelector(`label[for="comments-${CSS.escape(field)}"]`);
      if (!label) return element("li", { textContent: message });
      const link = element("a", { href: `#comments-${field}`, textContent: label.firstChild.textContent.trim() });
      return element("li", {}, link, `: ${message}`);
    });
    return items.length ? element("ul", {}, ...items) : "";
  }

  #say(sentence) {
    this.#said.textContent = sentence;
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

if (!customElements.get("comment-thread")) customElements.define("comment-thread", CommentThread);
