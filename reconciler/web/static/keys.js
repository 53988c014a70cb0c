// Single keys for those who like them: j and k through rows, o opens, g goes, ? tells. They can be switched off, and never act while somebody types.
"use strict";
const PLACES = { o: "/", r: "/runs", c: "/clusters", a: "/approvals", p: "/cutover", l: "/audit", s: "/schedule", h: "/health" };
const help = document.getElementById("keys"), on = document.getElementById("keys-on"), asks = document.getElementById("keys-help");
let going = 0;
on.checked = localStorage.getItem("keys") !== "off";
on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
asks.hidden = false;
asks.addEventListener("click", () => help.showModal());
const rows = () => [...document.querySelectorAll("main tbody tr, main .plain-list li, main .step")].map((row) => row.querySelector("a[href]")).filter((link) => link?.checkVisibility());
function step(by) {
  const turn = document.querySelector(by > 0 ? "main a[rel=next]" : "main a[rel=prev]");
  if (turn) return turn.click();
  const links = rows(), row = document.activeElement?.closest("tr, li, .step");
  const at = links.findIndex((link) => link === document.activeElement || (row && row.contains(link)));
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (!on.checked && event.key !== "?") return;
  const goes = Date.now() - going < 1_500;
  going = 0;
  if (goes && event.key in PLACES) location.assign(PLACES[event.key]);
  else if (event.key === "g") going = Date.now();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "o") document.activeElement?.closest("main a")?.click();
  else if (event.key === "?" && on.checked) help.showModal();
  else return;
  event.preventDefault();
});
