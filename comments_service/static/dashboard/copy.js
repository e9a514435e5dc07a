/* A button that copies what stands in the field above it. Without a script people select it themselves. */

for (const place of document.querySelectorAll("[data-copy]")) {
  const field = place.querySelector("textarea");
  const button = place.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = place.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = place.dataset.sayCopied;
    } catch {
      // Over plain HTTP, or where the browser refuses.
      field.focus();
      field.select();
      said.textContent = place.dataset.sayFailed;
    }
  });
}
