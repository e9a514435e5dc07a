/* What writers need: the form and its place, drafts, previews, quotations, sending so that one press is one
 * comment whatever the connection does, and changing one's own. embed.js loads it at the first need. */

import { BASE, ask, element, shelf, uniqueKey } from "../embed.js";

const PERSON = ["name", "email", "website"];
const MOST_RECEIPTS = 50;
const PAUSE = 700; // milliseconds without typing before an open preview follows

/** Return the name in a token, which the service will check; '' where it can't be read. */
function nameIn(token) {
  try {
    const claims = atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(claims, (letter) => letter.charCodeAt()))).name;
  } catch {
    return "";
  }
}

export default class Writer {
  #thread;
  #home = document.createComment(""); // where the form stands by itself
  #pause = 0;
  #clock = 0;
  #begun = 0;

  constructor(thread) {
    this.#thread = thread;
    thread.root.addEventListener("input", (event) => this.#typed(event.target));
    thread.root.addEventListener("keydown", (event) => this.#pressed(event));
  }

  get #form() {
    return this.#thread.form;
  }

  get #body() {
    return this.#form.elements.body;
  }

  #word(name, values) {
    return this.#thread.word(name, values);
  }

  #pressed(event) {
    const form = event.target.closest("form");
    if (!form || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.submit(form);
    } else if (event.key === "Escape" && (form !== this.#form || this.#parent())) {
      event.preventDefault();
      if (form === this.#form) this.cancel();
      else form.querySelector(".comments-stop").click();
    }
  }

  #typed(field) {
    this.#begun ||= Date.now();
    const { form } = field;
    if (form === this.#form) {
      if (field.name === "remember" || PERSON.includes(field.name)) this.#remember();
      else this.#keep();
      this.#measure();
    } else if (form?.matches(".comments-change")) this.#keepDraft(`edit ${form.elements.comment.value}`, { body: field.value });
  }

  // --- The form and its place

  /** Return who writes, for the form that comes after this one. */
  leave() {
    return this.#form && PERSON.map((name) => this.#form.elements[name].value);
  }

  /** Attend to what has just been loaded. */
  adopt(before) {
    this.#adoptChanges();
    const form = this.#form;
    if (!form) return;
    form.before(this.#home);
    this.introduce();
    const known = shelf.get(this.#thread.name("person"));
    const { remember } = form.elements;
    remember.checked ||= Boolean(known);
    const person = before ?? this.#draft().person ?? known ?? [];
    PERSON.forEach((name, index) => (form.elements[name].value ||= person[index] ?? ""));
    if (remember.checked) this.#remember();
    for (const code of form.querySelectorAll(".comments-help code")) this.#offer(code);
    const parent = this.#parent();
    const typed = this.#body.value;
    if (parent && this.#thread.article(parent)) this.#place(parent);
    this.#restore(typed);
    const wanted = this.#thread.wanted();
    if (wanted.quote) {
      // Taken over once: a reload must not quote again.
      const { hash } = location;
      history.replaceState(history.state, "", this.#thread.address({ ...wanted, quote: "" }, hash));
    }
    this.#measure();
  }

  /** Say as whom one writes where the page vouches for somebody; the style sheet hides the fields. */
  introduce() {
    const form = this.#form;
    form?.querySelector(".comments-vouched")?.remove();
    const name = nameIn(this.#thread.identity);
    const said = this.#around("vouched", element("bdi", {}, name));
    if (name) form?.querySelector(".comments-person").before(element("p", { className: "comments-vouched" }, ...said));
  }

  /** Return a sentence with something in the place of its {name}. */
  #around(word, ...named) {
    const [before, after] = this.#word(word).split("{name}");
    return [before, ...named, after];
  }

  /** Make an example a button that types it. */
  #offer(code) {
    const onclick = () => {
      const { selectionStart, selectionEnd } = this.#body;
      this.#body.setRangeText(code.textContent, selectionStart, selectionEnd, "end");
      this.#body.focus();
      this.#typed(this.#body);
    };
    code.replaceWith(element("button", { type: "button", dir: "ltr", onclick }, code.textContent));
  }

  #parent() {
    return this.#form?.elements.parent_id?.value ?? "";
  }

  /** Put the form under a comment, or back; what was typed goes along unless something waits there. */
  #answer(id) {
    if (!this.#form || (id && !this.#thread.article(id))) return false;
    const left = this.#parent();
    const typed = this.#body.value;
    this.#place(id);
    const kept = this.#draft().body ?? "";
    if (!kept && typed) this.#keepDraft(left, null);
    this.#body.value = kept || typed;
    this.#keep();
    return true;
  }

  #place(id) {
    const form = this.#form;
    form.querySelector(".comments-answering")?.remove();
    form.querySelector("button.comments-cancel")?.remove();
    form.elements.parent_id?.remove();
    const title = form.querySelector("h3");
    title.textContent = this.#word(id ? "reply" : "write");
    if (!id) return this.#home.after(form);
    const article = this.#thread.article(id);
    const { floor } = article.dataset;
    const name = article.querySelector(".comments-author")?.textContent ?? "";
    const to = element("a", { href: `#comment-${id}` }, element("bdi", {}, name), floor ? element("bdi", {}, ` #${floor}`) : "");
    const wanted = { ...this.#thread.wanted(), replyTo: "", quote: "" };
    const { href } = this.#thread.address(wanted, `comment-${id}`);
    const cancel = element("a", { className: "comments-cancel", href }, this.#word("cancel"));
    title.after(
      element("p", { className: "comments-answering" }, element("span", {}, ...this.#around("replying", to)), " ", cancel),
      element("input", { type: "hidden", name: "parent_id", value: id }),
    );
    article.after(form);
  }

  reply(id) {
    if (!this.#answer(id)) return;
    history.pushState(null, "", this.#thread.address({ ...this.#thread.wanted(), replyTo: id }, "respond"));
    this.write();
  }

  /** Put the focus at the end of the text. */
  write() {
    if (!this.#form) return;
    const body = this.#body;
    body.focus({ preventScroll: true });
    body.setSelectionRange(body.value.length, body.value.length);
    const { top, bottom } = this.#form.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) body.scrollIntoView({ block: "center" });
  }

  cancel() {
    const id = this.#parent();
    const wanted = { ...this.#thread.wanted(), replyTo: "" };
    history.pushState(null, "", this.#thread.address(wanted, id ? `comment-${id}` : ""));
    this.#answer("");
    const back = id && this.#thread.article(id)?.querySelector(".comments-reply");
    (back || this.#body).focus();
    this.#thread.say(this.#word("cancelled"));
  }

  /** Follow the address where back or forward changed what is answered. */
  travelled() {
    const { replyTo = "" } = this.#thread.wanted();
    if (replyTo !== this.#parent()) this.#answer(replyTo);
  }

  /** Add a quotation of a comment, or of what was selected of it, to a reply. */
  async quote(id, selected) {
    try {
      const quotation = selected ? this.#quotation(id, selected) : await this.#whole(id);
      if (this.#parent() !== id) this.reply(id);
      const before = this.#body.value.trimEnd();
      this.#body.value = before ? `${before}\n\n${quotation}` : quotation;
      this.#keep();
      this.#measure();
      this.write();
      this.#thread.say(this.#word("quoted"));
    } catch (error) {
      this.#show([], this.#word("offline"));
      this.#thread.tell("error", { status: error.status ?? 0, during: "quote" });
    }
  }

  #quotation(id, text) {
    const name = this.#thread.article(id).querySelector(".comments-author").textContent;
    const quoted = text.replace(/^/gm, "> ");
    return `${quoted}\n>\n> — ${name}, ${new URL(`c/${id}`, BASE).href}\n\n`;
  }

  async #whole(id) {
    const found = await this.#thread.fetch({ ...this.#thread.wanted(), replyTo: id, quote: id });
    return found.querySelector(".comments-form textarea")?.value ?? "";
  }

  // --- Drafts: what was typed under which comment, and the key of the press it belongs to

  #drafts() {
    return shelf.get(this.#thread.name("drafts", this.#thread.key)) ?? {};
  }

  #draft(place = this.#parent()) {
    return this.#drafts()[place] ?? {};
  }

  #keepDraft(place, draft) {
    const { [place]: _, ...others } = this.#drafts();
    const drafts = draft?.body || draft?.key ? { ...others, [place]: draft } : others;
    shelf.set(this.#thread.name("drafts", this.#thread.key), Object.keys(drafts).length ? drafts : null);
  }

  #keep() {
    this.#keepDraft(this.#parent(), { ...this.#draft(), body: this.#body.value });
  }

  #restore(typed) {
    const kept = this.#draft().body ?? "";
    const both = kept && typed && !kept.includes(typed.trim()) ? `${kept.trimEnd()}\n\n${typed}` : kept || typed;
    const isBack = both !== this.#body.value;
    this.#body.value = both;
    if (both) this.#keep(); // also what was typed before this module was there
    if (!isBack) return;
    const onclick = () => {
      this.#body.value = typed;
      this.#keep();
      this.#measure();
      notice.remove();
      this.#body.focus();
    };
    const discard = element("button", { type: "button", onclick }, this.#word("discard"));
    const notice = element("p", { className: "comments-notice" }, this.#word("draft"), " ", discard);
    this.#form.querySelector(".comments-write").before(notice);
  }

  /** Remember who writes only if that is ticked. */
  #remember() {
    const { elements } = this.#form;
    const person = elements.remember.checked ? PERSON.map((name) => elements[name].value) : null;
    shelf.set(this.#thread.name("person"), person);
  }

  #measure() {
    const line = this.#form.querySelector(".comments-length");
    const { limit } = line.dataset;
    const { length } = [...this.#body.value]; // code points, as the service counts
    const [written, most] = [length, Number(limit)].map((number) => number.toLocaleString(this.#thread.locale));
    line.textContent = this.#word("length", { length: written, limit: most });
    line.classList.toggle("comments-error", length > limit);
    clearTimeout(this.#pause);
    if (!this.#preview().hidden) this.#pause = setTimeout(() => this.#look(this.#form, true), PAUSE);
  }

  // --- Sending

  submit(form, button) {
    if (button === "preview") return this.#look(form);
    if (form !== this.#form) return this.#change(form);
    return button === "cancel" ? this.cancel() : this.#post();
  }

  async #post() {
    const values = this.#values();
    if (this.#thread.sending || !this.#thread.tell("before-submit", { values }, true)) return;
    const place = this.#parent();
    const person = PERSON.map((name) => values[name]);
    const draft = { ...this.#draft(), body: this.#body.value, person };
    draft.key ??= uniqueKey();
    this.#keepDraft(place, draft); // before it is sent: a reload repeats this very press
    const elapsed = Date.now() - this.#begun; // a sign of programs: absurd where nobody typed
    const headers = this.#thread.headers(this.#thread.receipts().map((item) => item.receipt));
    await this.#busy(this.#form, async () => {
      const sent = await this.#thread.send("POST", "comments", { ...values, elapsed, submission_key: draft.key }, headers);
      if (sent.ok) await this.#stored(sent.answer, place);
      else this.#refused(sent, place);
    }).catch(() => {
      this.#show([], this.#word("offline"));
      this.#thread.tell("error", { status: 0, during: "post" });
    });
  }

  #values() {
    const { remember, ...values } = Object.fromEntries(new FormData(this.#form));
    const { host, standalone, identity } = this.#thread;
    return {
      parent_id: null,
      ...values,
      ...(identity && { identity, name: "", email: "", website: "" }),
      ...(!standalone && { url: this.#thread.address({}).href, title: host.getAttribute("page-title") || document.title }),
    };
  }

  /** Do something while a form's button says so; not disabled, which would lose the focus. */
  async #busy(form, act) {
    const button = form.querySelector(".comments-post");
    const label = button.textContent;
    const show = (text, isBusy) => {
      button.textContent = text;
      button.ariaDisabled = isBusy;
      if (form.elements.body) form.elements.body.readOnly = isBusy; // what is typed now would not be sent
    };
    show(this.#word("posting"), true);
    try {
      await (this.#thread.sending = act());
    } finally {
      this.#thread.sending = null;
      show(label, false);
    }
  }

  async #stored({ comment, receipt }, place) {
    const thread = this.#thread;
    const waiting = comment.status === "pending";
    const others = thread.receipts().filter((item) => item.id !== comment.id);
    const kept = { id: comment.id, receipt, waiting, thread: thread.key, until: comment.editable_until };
    shelf.set(thread.name("receipts"), [...others, kept].slice(-MOST_RECEIPTS));
    this.#keepDraft(place, null);
    this.#body.value = "";
    this.#begun = 0;
    this.#show([], "");
    this.#place("");
    const wanted = { ...thread.wanted(), replyTo: "", quote: "" };
    const view = waiting || wanted.root ? wanted : { order: wanted.order, page: comment.page };
    history.pushState(null, "", thread.address(view, `comment-${comment.id}`));
    thread.tell("submitted", { comment });
    if (waiting) thread.tell("pending", { comment });
    const loaded = await thread.load();
    thread.say(waiting ? [this.#word("waiting"), ...(comment.reasons ?? [])].join(" ") : this.#word("posted"));
    if (loaded && !thread.mark(comment.id, true) && !waiting) location.assign(comment.permalink);
  }

  #refused({ status, answer, seconds }, place) {
    const { code, errors = [] } = answer;
    if (code === "submission_key_reused") this.#keepDraft(place, { body: this.#body.value });
    else if (code === "parent_unknown") this.#answer("");
    this.#show(errors, this.#why(status, answer, seconds));
    this.#thread.tell("error", { status, code, during: "post" });
  }

  /** Return what to do about a refusal. */
  #why(status, { code, detail }, seconds) {
    if (code === "submission_key_reused") return this.#word("reused");
    if (code === "parent_unknown") return `${detail} ${this.#word("orphaned")}`;
    if (status === 413) return this.#word("large");
    if (status !== 429 || !seconds) return detail ?? this.#word("refused");
    setTimeout(() => this.#thread.say(this.#word("now")), seconds * 1000);
    return this.#word("wait", { seconds });
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
      input.ariaInvalid = wrong ? "true" : null;
      input.setAttribute("aria-describedby", `${wrong ? `${line.id} ` : ""}comments-${field}-hint`);
    }
    const box = form.querySelector(".comments-problem");
    box.replaceChildren();
    box.hidden = !sentence;
    if (!sentence) return;
    const others = errors.filter(({ field }) => !form.elements[field]).map(({ message }) => ` ${message}`);
    box.append(element("p", {}, element("strong", {}, lead), ` ${sentence}`, ...others));
    const first = form.querySelector("[aria-invalid=true]");
    if (first) first.focus();
    else box.scrollIntoView({ block: "nearest" });
  }

  // --- Previews, made by what makes the comment

  #preview() {
    return this.#form?.querySelector(".comments-preview");
  }

  /** Return the preview of a text, or throw with what is wrong. */
  async #previewed(body) {
    const url = this.#thread.source({}, "preview");
    url.search = "";
    const { response, status } = await ask(url, { headers: this.#thread.spoken, body: new URLSearchParams({ body }), signal: this.#thread.signal });
    const found = response?.querySelector(".comments-preview");
    if (status === 200 && found) return document.adoptNode(found);
    const said = [...(response?.querySelectorAll(".comments-refused h1 ~ p") ?? [])].map((line) => line.textContent);
    throw Error(said.join(" ") || this.#word(status === 413 ? "large" : "refused"));
  }

  /** Show how a form's text would look; `quietly` where nobody asked for it. */
  async #look(form, quietly = false) {
    const { body } = form.elements;
    const { value } = body;
    try {
      const found = await this.#previewed(value);
      if (value !== body.value || !form.isConnected) return;
      form.querySelector(".comments-preview")?.remove();
      body.closest(".comments-field").after(found);
      if (form !== this.#form) found.firstElementChild.removeAttribute("id"); // ids occur once
      for (const warning of found.querySelectorAll("[data-start]")) this.#point(warning, body);
      this.#thread.dress();
      if (quietly) return;
      this.#object(form, "");
      found.scrollIntoView({ block: "nearest" });
      this.#thread.say(this.#word("previewed"));
    } catch (error) {
      if (!quietly) this.#object(form, error.message || this.#word("offline"), this.#word("unseen"));
    }
  }

  /** Make a warning a button that selects its place in the text. */
  #point(warning, body) {
    const { start, end } = warning.dataset;
    const onclick = () => {
      const [from, to] = [start, end].map((at) => [...body.value].slice(0, at).join("").length);
      body.focus();
      body.setSelectionRange(from, to);
    };
    warning.append(element("button", { type: "button", onclick }, ...warning.childNodes));
  }

  // --- Changing one's own comment

  #adoptChanges() {
    clearInterval(this.#clock);
    const { section } = this.#thread;
    const form = section.querySelector(".comments-change");
    const kept = form && this.#draft(`edit ${form.elements.comment.value}`).body;
    if (kept && form.elements.body) form.elements.body.value = kept;
    if (!section.querySelector("[data-until]")) return;
    this.#clock = setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  /** Count down to the end of the time in which a comment may be changed. */
  #tick() {
    if (!this.#thread.signal) clearInterval(this.#clock);
    for (const actions of this.#thread.section.querySelectorAll("[data-until]")) {
      const left = Math.ceil((new Date(actions.dataset.until) - Date.now()) / 1000);
      const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      const line = actions.querySelector(".comments-window");
      line.textContent = this.#word("left", { time });
      if (left > 0) continue;
      for (const gone of actions.querySelectorAll(".comments-own, .comments-window")) gone.remove();
      delete actions.dataset.until;
    }
  }

  /** Say what is wrong with a form. */
  #object(form, sentence, lead) {
    if (form === this.#form) return this.#show([], sentence, lead);
    const box = form.querySelector(".comments-problem");
    box.textContent = sentence;
    box.hidden = !sentence;
  }

  async #change(form) {
    const thread = this.#thread;
    if (thread.sending) return;
    const id = form.elements.comment.value;
    const isEdit = form.elements.own.value === "edit";
    const body = form.elements.body?.value;
    await this.#busy(form, async () => {
      const sent = await thread.send(isEdit ? "PATCH" : "DELETE", `comments/${id}`, { body }, thread.headers());
      if (!sent.ok) return this.#object(form, sent.answer.errors?.[0]?.message ?? this.#why(sent.status, sent.answer, sent.seconds));
      this.#keepDraft(`edit ${id}`, null);
      const kept = thread.receipts().filter((item) => isEdit || item.id !== id);
      for (const item of kept) if (item.id === id) item.waiting = sent.answer.comment.status === "pending";
      shelf.set(thread.name("receipts"), kept);
      const wanted = { ...thread.wanted(), edit: "", delete: "" };
      history.replaceState(null, "", thread.address(wanted, `comment-${id}`));
      await thread.load();
      if (!thread.mark(id, true)) thread.section.querySelector("h2").focus();
      thread.say(this.#word(isEdit ? "saved" : "deleted"));
    }).catch(() => this.#object(form, this.#word("offline")));
  }
}
