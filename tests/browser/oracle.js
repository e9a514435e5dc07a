/* Judges documents as this browser has read them, by the lists of tests/allowed.py, and gives what
 * could run every chance to do so. Runs in every page and frame before anything else. */
(lists) => {
  const MATH = "http://www.w3.org/1998/Math/MathML";
  const HTML = "http://www.w3.org/1999/xhtml";
  const SVG = "http://www.w3.org/2000/svg";
  const GESTURES = ["pointerover", "mouseover", "mousedown", "focus", "focusin", "click", "toggle"];
  const BODIES = ".comments-body, .comments-text";
  const sets = Object.fromEntries(
    ["text", "mathml", "insideMtext", "page"].map((name) => [name, new Set(lists[name])]),
  );
  const patterns = new Map();

  const tell = (what) => console.info(`oracle: ${what} ${name}`); // in a frame, with the frame's name
  let pwned;
  Object.defineProperty(window, "pwned", { get: () => pwned, set: (value) => ((pwned = value), tell("pwned")) });
  addEventListener("securitypolicyviolation", (event) =>
    tell(`policy ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`),
  );

  function matches(pattern, value) {
    if (!patterns.has(pattern)) patterns.set(pattern, new RegExp(`^(?:${pattern})$`, "u"));
    return patterns.get(pattern).test(value);
  }

  function leadsSomewhereSafe(value) {
    if (value.startsWith("#")) return true;
    if (!URL.canParse(value, document.baseURI)) return true; // no browser goes there either
    const { protocol, hostname } = new URL(value, document.baseURI);
    const absolute = /^(?:https?:|mailto:)/i.test(value) || hostname === location.hostname;
    return ["http:", "https:", "mailto:"].includes(protocol) && absolute;
  }

  function isListed(element, root) {
    const math = element.parentElement?.closest("math, mtext");
    const within = math && root.contains(math) ? math.localName : "";
    const name = element.localName;
    if (element.namespaceURI === MATH) return sets.mathml.has(name) && (within === "math") === (name !== "math");
    if (element.namespaceURI !== HTML) return false;
    return within ? within === "mtext" && sets.insideMtext.has(name) : sets.text.has(name);
  }

  function attributeFaults(element, given) {
    const mathml = element.namespaceURI === MATH;
    const listed = (mathml ? lists.mathmlAttributes : lists.textAttributes)[element.localName] ?? {};
    return [...element.attributes].filter(
      ({ name, value }) =>
        given[name] !== value &&
        !(Object.hasOwn(listed, name) && matches(listed[name], value) && (name !== "href" || leadsSomewhereSafe(value))),
    );
  }

  /** Name what stands below a root that holds a comment's html; `given` is what the embed adds. */
  function textFaults(root, given = {}) {
    const faults = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL & ~NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType !== Node.ELEMENT_NODE) faults.push(`node of type ${node.nodeType}`);
      else if (!isListed(node, root)) faults.push(`<${node.namespaceURI} ${node.localName}>`);
      else faults.push(...attributeFaults(node, given).map(({ name, value }) => `${node.localName} ${name}=${value}`));
    }
    return faults;
  }

  /** Say whether an element is part of a figure that the service drew. */
  function isAvatar(element) {
    const listed = element.namespaceURI === SVG && lists.avatar[element.localName];
    const within = element.localName === "svg" ? ".comments-head" : "svg.comments-avatar";
    const has = ({ name, value }) => Object.hasOwn(listed, name) && matches(listed[name], value);
    return listed && element.parentElement.matches(within) && [...element.attributes].every(has);
  }

  /** Name what a whole page of ours must not hold. */
  function pageFaults() {
    const faults = [];
    for (const element of document.querySelectorAll("*")) {
      const name = element.localName;
      const listed = element.namespaceURI === MATH ? sets.mathml.has(name) : sets.page.has(name);
      const isHtml = [MATH, HTML].includes(element.namespaceURI) && listed;
      if (!isHtml && !isAvatar(element)) faults.push(`<${element.namespaceURI} ${name}>`);
      for (const { name: named, value } of element.attributes) {
        const address = ["href", "src", "action"].includes(named);
        if (/^on|^(?:style|srcdoc|formaction|background|srcset|ping|poster|data)$/.test(named))
          faults.push(`${name} ${named}=${value}`);
        if (address && !leadsSomewhereSafe(value)) faults.push(`${name} ${named}=${value}`);
      }
    }
    const scripts = [...document.scripts].filter(({ src }) => !/\/static\/(embed|dashboard\/main)\.js$/.test(src));
    faults.push(...scripts.map(({ outerHTML }) => outerHTML));
    for (const body of document.querySelectorAll(BODIES)) faults.push(...textFaults(body, { tabindex: "0" }));
    return faults;
  }

  /** Give what HTML holds every chance to run: scripts, handlers, loads, links. */
  function expose(place, html) {
    addEventListener("click", hold, true);
    place.innerHTML = html;
    place.append(document.createRange().createContextualFragment(html));
    for (const element of place.querySelectorAll("*"))
      for (const name of GESTURES) element.dispatchEvent(new MouseEvent(name, { bubbles: true, cancelable: true }));
  }

  const reader = document.createElement("textarea"); // reads entities, and no tags
  function decoded(html) {
    reader.innerHTML = html;
    return reader.value;
  }

  /** Name what is wrong with one html in each place where it may be read, once and again. */
  function htmlFaults(place, html) {
    place.innerHTML = html;
    const faults = textFaults(place);
    const first = place.innerHTML;
    if (decoded(first) !== decoded(html)) faults.push("had to be mended");
    for (let again = 0; again < 2; again++) place.innerHTML = place.innerHTML;
    if (place.innerHTML !== first) faults.push("is read differently the second time");
    for (const [before, after] of [
      ["<article><div id=here>", "</div><i id=after></i></article>"],
      ["<table><tbody><tr><td id=here>", "</td><td id=after></td></tr></tbody></table>"],
    ]) {
      const page = new DOMParser().parseFromString(before + html + after, "text/html");
      const here = page.getElementById("here");
      const stays = page.body.childNodes.length === 1 && here.nextSibling?.id === "after" && !here.previousSibling;
      if (!stays || here.nextSibling.nextSibling || page.head.childNodes.length) faults.push("leaves its place");
      if (here.innerHTML !== first) faults.push("is read differently elsewhere");
      faults.push(...textFaults(here));
    }
    return faults;
  }

  /** Wait until what was begun so far has been asked for and handled: loads, frames, animations. */
  async function settled() {
    for (let turn = 0; turn < 2; turn++) {
      await fetch(`${location.origin}/barrier`);
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    }
  }

  async function htmls(all) {
    const place = document.querySelector("article div");
    const faults = all.map((html) => (expose(place, html), htmlFaults(place, html)));
    await settled();
    return faults;
  }

  /** Expose the htmls of each attack in a frame of its own, which is named by a number. */
  async function exposed([first, attacks]) {
    for (const [number, htmls] of attacks.entries()) {
      const frame = document.createElement("iframe");
      frame.name = first + number;
      document.body.append(frame);
      for (const html of htmls) {
        try {
          const { contentWindow, contentDocument } = frame;
          contentWindow.oracle.expose(contentDocument.body.appendChild(contentDocument.createElement("div")), html);
        } catch {
          // one before it has changed the page
        }
      }
    }
    await settled();
    for (const frame of document.querySelectorAll("iframe")) frame.remove();
  }

  // A press may run a script, and lead nowhere else.
  const hold = (event) => {
    const pressed = event.target.closest?.("a, area, button, input, form");
    const { href, formAction, form, action } = pressed ?? {};
    const addresses = [href?.baseVal, href, formAction, form?.action, action];
    if (!addresses.some((address) => /^javascript:/i.test(address))) event.preventDefault();
  };
  Object.defineProperty(window, "oracle", { value: { pageFaults, htmls, expose, exposed } });
}
