/* For a page that shows the comments in a frame: each frame of the service gets the height of what is in it.
 *
 *   <iframe src="https://comments.example/sites/blog/thread?thread=/archives/7782" title="Comments"></iframe>
 *   <script type="module" src="https://comments.example/static/embed/frame.js"></script>
 */

const BASE = new URL("../..", import.meta.url);
const frames = () => [...document.querySelectorAll("iframe")].filter((frame) => frame.src.startsWith(BASE.href));

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== BASE.origin || data?.type !== "comments:height" || !(data.height > 0)) return;
  const frame = frames().find((it) => it.contentWindow === source);
  if (frame) frame.style.height = `${Math.ceil(data.height)}px`;
});

for (const frame of frames()) {
  // A frame that was there first is asked again; a link to a comment of this page leads into it.
  if (/^#comment-\d+$/.test(location.hash)) frame.src = frame.src.split("#")[0] + location.hash;
  frame.contentWindow?.postMessage({ type: "comments:height" }, BASE.origin);
}
