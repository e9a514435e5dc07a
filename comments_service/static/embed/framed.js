/* The thread's own page within a frame: it tells its height to embed/frame.js of the page around it, and its links
 * to elsewhere leave the frame. Whom it may tell is decided by the page's frame-ancestors. */

const tell = () => {
  const { height } = document.documentElement.getBoundingClientRect();
  parent.postMessage({ type: "comments:height", height }, "*");
};

new ResizeObserver(tell).observe(document.documentElement);
addEventListener("message", ({ source }) => source === parent && tell());
addEventListener("click", ({ target }) => {
  const link = target.closest?.("a[href]");
  if (link && link.origin !== location.origin) link.target = "_top";
}, true);
tell();
