// Copies a command or a digest at a click and says so. Without this script, or where the browser lets no page copy, the buttons stay hidden.
"use strict";
if (navigator.clipboard) {
  document.documentElement.classList.add("copies");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const told = document.getElementById("copied");
    told.textContent = "";
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.toggleAttribute("data-copied", true);
      setTimeout(() => button.removeAttribute("data-copied"), 2_000);
      told.textContent = `Copied: ${button.dataset.what}`;
    } catch {
      told.textContent = `Not copied: the browser does not allow it. ${button.dataset.what}: mark the text and copy it.`;
    }
  });
}
