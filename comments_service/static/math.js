/* Formulas and references as the host page wants them: formulas drawn by its own MathJax or KaTeX, or
 * shown as their source; references linked to the equations of its article. embed.js loads this
 * where one of its attributes asks for it.
 *
 * A visitor wrote the TeX. What could run, lead away, or change the page around a formula is never
 * handed over: it stays as the service drew it.
 */

import { FORMULA, element } from "./embed.js";

const PROCESS = ["tex2jax_process", "mathjax_process"]; // the names that MathJax 2, and 3 and 4, know
const PATIENCE = 30_000; // milliseconds in which an article may still be typeset

/** What stands in a formula's place: what the service made, and for which mode it was replaced. */
const replaced = new WeakMap();
const handed = new Set();

// --- The three ways to show formulas

/** Show all formulas of a thread as `mathml`, as `off`, their source, or by the `host`. */
export function show(thread, mode) {
  const given = [...thread.section.querySelectorAll(".comments-body")].flatMap((body) => dress(body, mode));
  const gone = [...handed].filter((formula) => !formula.isConnected);
  if (gone.length) window.MathJax?.typesetClear?.(gone);
  for (const formula of gone) handed.delete(formula);
  if (given.length) hand(thread, given);
}

function dress(body, mode) {
  const shown = [...body.querySelectorAll(`${FORMULA}, code.comments-tex`)];
  const formulas = shown.filter((formula) => !formula.parentElement.closest(FORMULA));
  const own = formulas.map((formula) => replaced.get(formula)?.own ?? formula);
  // A comment's formulas share its macros, which the host must not learn.
  const alone = !own.some((formula) => DEFINITION.test(sourceOf(formula)));
  const given = [];
  formulas.forEach((formula, index) => {
    if (replaced.get(formula)?.mode === mode) return;
    const next = standIn(own[index], mode, alone);
    if (next === formula) return;
    if (next !== own[index]) replaced.set(next, { own: own[index], mode });
    if (mode === "host" && next !== own[index]) given.push(next);
    formula.replaceWith(next);
  });
  return given;
}

function sourceOf(formula) {
  return formula.dataset.source ?? formula.textContent;
}

function standIn(own, mode, alone) {
  const source = sourceOf(own);
  const isDrawn = "source" in own.dataset;
  if (mode === "host" && alone && isHarmless(own, source)) {
    const empty = isDrawn ? own.cloneNode(false) : element("span", { className: "comments-formula" });
    empty.dataset.source = source;
    empty.classList.add(...PROCESS);
    empty.textContent = spelled(unnumbered(source));
    return empty;
  }
  if (mode !== "off" || !isDrawn) return own;
  const code = element("code", { className: "comments-tex" }, source);
  if (!own.matches(".comments-math")) return code;
  const block = own.cloneNode(false);
  block.append(code);
  return block;
}

// --- What a host may be handed

/** Commands that define, name, link, style, load or number, in MathJax, its extensions and KaTeX. */
const FORBIDDEN = [
  String.raw`[egx]?def|let|futurelet|global|long|\w*command|(?:re)?new(?!line)\w*|provide\w*`,
  String.raw`|declare\w*|Declare\w*|define\w*|newextarrow|Newextarrow|mathtoolsset|usetagform|setOptions|sisetup|\w*[Gg]roup\w*|csname|catcode`,
  String.raw`|href|url|\w*link|html\w*|class|style|cssId|data|unicode|U|bbox|enclose|mmlToken|includegraphics|require`,
  String.raw`|\w*tip|toggle|special|input|include|write|openout|label|\w*ref|tag`,
].join("");
// No matter how many backslashes stand before a name: `\verb\x\\href` has an even number of them.
const UNSAFE = new RegExp(String.raw`\\(?:${FORBIDDEN})(?![A-Za-z])`);
const DEFINITION = /\\(?:\w*def|let|\w*command|Declare\w+|(?:re)?newenvironment)(?![A-Za-z])/;
const SCRIPT = /(?:javascript|vbscript|data):/i;

function isHarmless(own, source) {
  const isNumbered = own.querySelector("[id], a, .comments-ref"); // numbers of this comment
  return !isNumbered && !UNSAFE.test(source) && !SCRIPT.test(source.replace(/[\0-\x20]/g, ""));
}

/** Keep a formula without a number from taking the article's next one. */
function unnumbered(source) {
  const counted = /\\(begin|end)\{(equation|align|alignat|flalign|gather|multline|eqnarray)\}/g;
  return source.replace(counted, "\\$1{$2*}");
}

// --- Delimiters

const CLOSING = { "$`": "`$", "$latex": "$", $$: "$$", $: "$", "\\(": "\\)", "\\[": "\\]" };

/** Take a formula's text apart; a bare environment is its own delimiters. */
function parts(text) {
  const environment = /^\\begin\{[^}]*\}/.exec(text)?.[0];
  if (environment) {
    return { left: environment, right: environment.replace("begin", "end"), tex: text, display: true };
  }
  const left = /^(?:\$`|\$latex(?=\s)|\$\$?|\\[([])/.exec(text)?.[0] ?? "";
  const right = CLOSING[left] ?? "";
  const tex = text.slice(left.length, text.length - right.length);
  return { left, right, tex, display: left === "$$" || left === "\\[" };
}

/** Return a formula's text in delimiters that the host knows; where it is silent, mostly as typed. */
function spelled(text, { inlineMath, displayMath } = {}) {
  const { left, tex, display } = parts(text);
  const known = display ? displayMath : inlineMath;
  const knows = Array.isArray(known) ? known.some(([open]) => open === left) : !/^\$[`l]/.test(left);
  if (knows || left === "" || left.startsWith("\\begin")) return text;
  const [open, close] = known?.[0] ?? ["\\(", "\\)"];
  return `${open}${tex.trim()}${close}`;
}

function respell(formulas, forms) {
  const waiting = formulas.filter((formula) => formula.isConnected && !formula.firstElementChild);
  for (const formula of waiting) formula.textContent = spelled(formula.textContent, forms);
  return waiting;
}

// --- The host's typesetter

let typesetter = null;

/** Tell the page of formulas for it; unless it takes them itself, call the typesetter it has or gets. */
async function hand(thread, formulas) {
  for (const formula of formulas) handed.add(formula);
  if (!thread.tell("math", { elements: formulas }, true)) return;
  const typeset = await (typesetter ??= arrival());
  await Promise.resolve(formulas).then(typeset).catch(console.error);
}

/** Wait for the page to have a typesetter: it may come with any script. */
function arrival() {
  return new Promise((resolve) => {
    const look = () => {
      const found = present();
      if (!found) return;
      document.removeEventListener("load", look, true);
      resolve(found);
    };
    document.addEventListener("load", look, true);
    look();
  });
}

function present() {
  const { MathJax, katex, renderMathInElement } = window;
  if (MathJax?.typesetPromise || MathJax?.startup?.promise) return withMathJax;
  if (MathJax?.Hub?.Queue) return withMathJax2;
  return renderMathInElement || katex?.render ? withKatex : null;
}

async function withMathJax(formulas) {
  const { startup } = window.MathJax;
  const typeset = async () => {
    const own = startup?.input?.find?.((input) => input.name === "TeX")?.findTeX?.options;
    const { inlineMath = [["\\(", "\\)"]], displayMath } = own ?? window.MathJax.config?.tex ?? {};
    const waiting = respell(formulas, { inlineMath, displayMath });
    if (waiting.length) await window.MathJax.typesetPromise?.(waiting);
  };
  const done = Promise.resolve(startup?.promise).then(typeset);
  if (startup) startup.promise = done.catch(() => {}); // MathJax does one thing at a time, as it asks
  await done;
}

function withMathJax2(formulas) {
  const { Hub } = window.MathJax;
  Hub.Queue(() => {
    const waiting = respell(formulas, Hub.config?.tex2jax);
    if (waiting.length) Hub.Queue(["Typeset", Hub, waiting]);
  });
}

function withKatex(formulas) {
  for (const formula of respell(formulas)) {
    const { left, right, tex, display } = parts(formula.textContent);
    const options = { delimiters: [{ left, right, display }], displayMode: display, trust: false };
    try {
      if (window.renderMathInElement) {
        const errorCallback = (_, error) => {
          throw error;
        };
        window.renderMathInElement(formula, { ...options, errorCallback });
      } else {
        window.katex.render(tex, formula, options);
      }
    } catch {
      formula.replaceWith(replaced.get(formula).own);
    }
  }
}

// --- References to the article's equations

let watch = null;
let patience = 0;
let named = 0;

/** Link references to the equations that the page says it has, also once these are typeset. */
export function refer(thread, equations) {
  watch?.disconnect();
  clearTimeout(patience);
  const said = parsed(equations);
  link(thread, said);
  if (!said.names.size) return;
  let due = 0;
  watch = new MutationObserver(() => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      link(thread, said);
    });
  });
  watch.observe(document.body, { childList: true, subtree: true });
  patience = setTimeout(() => watch.disconnect(), PATIENCE);
}

/** Read `auto`, `label` and `label=#anchor`, separated by spaces. */
function parsed(equations) {
  const words = (equations ?? "").split(/\s+/).filter(Boolean);
  const pairs = words.map((word) => /^(.+?)=(#.+)$/.exec(word)).filter(Boolean);
  const anchors = new Map(pairs.map(([, label, anchor]) => [label, anchor]));
  return { anchors, names: new Set(words.filter((word) => !word.includes("="))) };
}

function link(thread, { anchors, names }) {
  for (const reference of thread.querySelectorAll(".comments-body .comments-ref[data-equation]")) {
    if (reference.parentElement.closest("a")) continue;
    const label = reference.dataset.equation;
    const looked = names.has("auto") || names.has(label);
    const href = anchors.get(label) ?? (looked ? anchorOf(label, thread) : null);
    if (href === reference.getAttribute("href")) continue;
    const next = element(href ? "a" : "span", { className: "comments-ref", ...(href && { href }) }, ...reference.childNodes);
    next.dataset.equation = label;
    reference.replaceWith(next);
  }
}

/** Return the anchor of the article's equation with a label or number, or null. */
function anchorOf(label, thread) {
  const name = label.replace(/\s/g, "_");
  const names = [name, encodeURIComponent(name)];
  const ids = [...names.flatMap((n) => [`mjx-eqn:${n}`, `mjx-eqn-${n}`]), tagged(label), label];
  const found = ids.map((id) => document.getElementById(id)).find((at) => at && !thread.contains(at));
  const id = found?.id ?? katexTagged(label, thread);
  return id ? `#${encodeURI(id)}` : null;
}

/** Return the id of an equation that MathJax named by its label, by its number. */
function tagged(number) {
  const { startup, Extension } = window.MathJax ?? {};
  const tags = startup?.input?.find?.((input) => input.name === "TeX")?.parseOptions?.tags;
  const labels = { ...Extension?.["TeX/AMSmath"]?.labels, ...tags?.allLabels };
  return Object.values(labels).find(({ tag }) => tag === number)?.id ?? "";
}

/** KaTeX gives no equation an id: give one to that with a number. */
function katexTagged(number, thread) {
  const tags = [...document.querySelectorAll(".katex-display .tag, .katex-display .katex-tag")];
  const isIt = (tag) => tag.textContent.replace(/[\s\u200b]/g, "").includes(`(${number})`);
  const equation = tags.find((tag) => !thread.contains(tag) && isIt(tag))?.closest(".katex-display");
  if (equation) equation.id ||= `comments-equation-${++named}`;
  return equation?.id;
}
