// Fetches the page again every 30 s (or as often as it asks) and on news, and turns it grey when nothing was heard for 90 s: old data must not look new.
"use strict";
const EVERY = 30_000, OLD = 90_000;
let heard = Date.now(), paused = false, asked = heard, busy = false, again = false;
const node = (id) => document.getElementById(id), every = () => Number(node("read").dataset.every) || EVERY;
function tell() {
  const age = Date.now() - heard, old = age >= OLD, body = document.body;
  if (old && !("stale" in body.dataset)) node("stale").textContent = `No update since ${node("read").querySelector("time").textContent}: this is old data.`;
  if (!old) node("stale").textContent = "";
  body.toggleAttribute("data-stale", old);
  body.toggleAttribute("data-live", !old && !paused);
  const since = age < 5_000 ? "just now" : `${Math.round(age / 1000)} s ago`;
  node("age").textContent = paused ? `· updates paused · ${since}` : `· ${since}`;
}
function writing() { // what somebody writes, and the evidence they read, is not taken from under them
  return [...document.querySelectorAll("main form textarea, main form input:not([type=hidden])")].some((one) => one.type === "checkbox" ? one.checked : one.value !== one.defaultValue);
}
async function refresh() {
  asked = Date.now();
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(20_000) });
  if (answer.redirected) return location.reload();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!fresh.getElementById("read") || getSelection().toString() || paused || writing()) return;
  const open = new Map([...document.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  const active = document.activeElement, held = active && node("main").contains(active) ? active.getAttribute("href") || active.id : "";
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").getAttribute("href");
  node("main").replaceChildren(...fresh.getElementById("main").childNodes);
  open.forEach((was, id) => node(id)?.toggleAttribute("open", was));
  if (held) (node(held) ?? [...document.querySelectorAll("main a")].find((one) => one.getAttribute("href") === held))?.focus({ preventScroll: true });
  heard = Date.now(), dispatchEvent(new Event("redrawn"));
}
const news = async () => { again = true; if (busy) return; busy = true; while (again && !paused) { again = false; await refresh().catch(() => {}); } busy = false; };
node("pause").hidden = false;
node("pause").addEventListener("click", () => { paused = !paused; node("pause").textContent = paused ? "Resume updates" : "Pause updates"; document.body.toggleAttribute("data-paused", paused); tell(); });
addEventListener("news", news);
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
setInterval(() => { if (!paused && Date.now() - asked >= every()) news(); tell(); }, 1_000);
tell();
