/* HTML and JSON of our own service. The dashboard's policy allows HTML from nowhere else. */

const POLICY = globalThis.trustedTypes?.createPolicy("comments-dashboard", { createHTML: (html) => html });

/** Return the document of one of our own pages; nothing in it runs. */
export function parse(html) {
  return new DOMParser().parseFromString(POLICY ? POLICY.createHTML(html) : html, "text/html");
}

/** Fetch one of our own pages as a document. */
export async function page(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) throw new Refusal(response.status, {});
  return parse(await response.text());
}

/** What the service refused, or 0 where it did not answer. */
export class Refusal extends Error {
  constructor(status, answer) {
    super(answer.detail ?? "");
    this.status = status;
    this.code = answer.code ?? "";
  }
}

let csrf = document.querySelector("meta[name=comments-csrf]")?.content ?? "";

/** Take the token of the session that the browser has now: somebody may have signed in again elsewhere. */
async function renew() {
  csrf = (await page(location.href)).querySelector("meta[name=comments-csrf]")?.content ?? "";
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
}

/** Call the moderators' API. */
export async function call(method, path, body, again = false) {
  let response;
  try {
    response = await fetch(`/api/v1/moderation/${path}`, {
      method,
      headers: {
        "Accept-Language": document.documentElement.lang,
        "Content-Type": "application/json",
        "X-CSRF-Token": csrf,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0, {});
  }
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (answer.code !== "form_expired" || again) throw new Refusal(response.status, answer);
  await renew();
  return call(method, path, body, true);
}

/** Make an element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const words = document.querySelector("main").dataset;

/** Return a sentence of the page's language, with {name} filled in. */
export function say(name, values = {}) {
  const key = `say${name[0].toUpperCase()}${name.slice(1)}`;
  return (words[key] ?? "").replace(/\{(\w+)\}/g, (mark, each) => values[each] ?? mark);
}

/** Return a time of today as people write it. */
export function clock(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
}

/** Return the word for a status. */
export function statusWord(status) {
  return words[`status${status[0].toUpperCase()}${status.slice(1)}`] ?? status;
}

/** Return what people call an actor: the author and the operator have no name of their own. */
export function who(name) {
  return { author: words.whoAuthor, operator: words.whoOperator }[name] ?? name;
}

/** Return the word for an act that was done. */
export function doneWord(action) {
  return words[`done${action[0].toUpperCase()}${action.slice(1)}`] ?? action;
}
