/* Two small elements for lists of articles and sidebars; embed.js loads this where they are on the page, and a
 * page without a thread may load it by itself:
 *
 *   <comment-count site="blog" thread="/archives/7782" other="{n} comments"></comment-count>
 *   <comment-recent site="blog" limit="5"></comment-recent>
 */

const BASE = new URL("../..", import.meta.url);
const MOST = 200; // threads in one request
const EVERY = 60_000; // milliseconds between two looks at the newest

function api(site, path, query) {
  const url = new URL(`api/v1/sites/${encodeURIComponent(site)}/${path}`, BASE);
  url.search = new URLSearchParams(query);
  return url;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function languageOf(place) {
  return place.closest("[lang]")?.lang.replaceAll("_", "-") || undefined;
}

/** The elements that wait for their counts, by site: all of a page go into one request. */
const waiting = new Map();

async function count(site) {
  const elements = waiting.get(site);
  waiting.delete(site);
  const keys = [...new Set(elements.map((it) => it.thread))];
  for (let at = 0; at < keys.length; at += MOST) {
    const some = keys.slice(at, at + MOST);
    const url = api(site, "counts", some.map((key) => ["thread", key]));
    const response = await fetch(url, { credentials: "omit" }).catch(() => null);
    if (!response?.ok) continue;
    const { counts } = await response.json();
    for (const it of elements) if (it.thread in counts) it.show(counts[it.thread]);
  }
}

class CommentCount extends HTMLElement {
  static observedAttributes = ["site", "thread"];

  get thread() {
    return this.getAttribute("thread") || location.pathname;
  }

  connectedCallback() {
    const site = this.getAttribute("site") ?? "default";
    if (!waiting.has(site)) {
      waiting.set(site, []);
      setTimeout(() => count(site));
    }
    waiting.get(site).push(this);
  }

  attributeChangedCallback(name, before, after) {
    if (this.isConnected && before !== null && before !== after) this.connectedCallback();
  }

  /** Show a number in the page's words, if it gave any: by plural category, with {n} for the number. */
  show(number) {
    const language = languageOf(this);
    const words = [number ? "" : "zero", new Intl.PluralRules(language).select(number), "other"];
    const form = words.map((name) => name && this.getAttribute(name)).find(Boolean) ?? "{n}";
    this.textContent = form.replace("{n}", number.toLocaleString(language));
  }
}

class CommentRecent extends HTMLElement {
  #timer = 0;
  #shown = "";
  #life = null;

  connectedCallback() {
    this.#life = new AbortController();
    document.addEventListener("visibilitychange", () => this.#look(), { signal: this.#life.signal });
    this.#look();
  }

  disconnectedCallback() {
    this.#life.abort();
    clearTimeout(this.#timer);
  }

  /** Ask again, which costs nothing as long as the ETag is the same; nobody looks at a hidden page. */
  async #look() {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    this.#timer = setTimeout(() => this.#look(), EVERY);
    const query = { limit: this.getAttribute("limit") ?? 5 };
    if (this.hasAttribute("thread")) query.thread = this.getAttribute("thread");
    const url = api(this.getAttribute("site") ?? "default", "recent", query);
    try {
      const response = await fetch(url, { credentials: "omit", cache: "no-cache", signal: this.#life.signal });
      const text = response.ok ? await response.text() : this.#shown;
      if (text !== this.#shown) this.#show(JSON.parse(text).comments);
      this.#shown = text;
    } catch {
      // what stands there stays
    }
  }

  #show(comments) {
    const items = comments.map(({ author, excerpt, permalink, published_at, thread }) =>
      element(
        "li",
        {},
        element("bdi", { className: "comments-author", textContent: author.name }),
        " ",
        element("a", { href: permalink, textContent: excerpt || "…", dir: "auto" }),
        " ",
        element("cite", { textContent: thread.title ?? thread.key, dir: "auto" }),
        " ",
        element("time", { dateTime: published_at, textContent: new Date(published_at).toLocaleDateString(languageOf(this), { dateStyle: "medium" }) }),
      ),
    );
    this.replaceChildren(element("ul", { className: "comments-recent" }, ...items));
  }
}

if (!customElements.get("comment-count")) {
  customElements.define("comment-count", CommentCount);
  customElements.define("comment-recent", CommentRecent);
}
