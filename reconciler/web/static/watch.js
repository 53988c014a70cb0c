// Fetches the page again when the server says that something changed, and every 30 s; grey when that failed for 90 s.
"use strict";
const EVERY = 30_000, OLD = 90_000;
let heard = Date.now(), paused = false, asked = heard, stream = null, fetching = false, again = false;
const node = (id) => document.getElementById(id);
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
async function refresh() { // one at a time: an older answer never lands on a newer one
  if (fetching) { again = true; return; }
  fetching = true;
  try { await read(); } catch { /* not read: the age goes on and tells */ } finally { fetching = false; }
  if (again) { again = false; await refresh(); }
}
async function read() {
  asked = Date.now();
  const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(20_000) });
  if (answer.redirected) return location.reload();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!fresh.getElementById("read") || getSelection().toString() || paused || writing()) return;
  const open = [...document.querySelectorAll("details[open]")].map((one) => one.id);
  const active = document.activeElement, held = active && node("main").contains(active) ? active.getAttribute("href") || active.id : "";
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").getAttribute("href");
  node("main").replaceChildren(...fresh.getElementById("main").childNodes);
  open.forEach((id) => node(id)?.setAttribute("open", ""));
  if (held) (node(held) ?? [...document.querySelectorAll("main a")].find((one) => one.getAttribute("href") === held))?.focus({ preventScroll: true });
  heard = Date.now();
}
function listen() { // only while looked at: a browser has few connections to one server
  const wanted = !paused && !document.hidden && document.querySelector(".who"); // nobody signed in hears nothing
  if (!wanted) { stream?.close(); stream = null; return; }
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource("/events");
  stream.addEventListener("changed", () => refresh());
}
node("pause").hidden = false;
node("pause").addEventListener("click", () => { paused = !paused; node("pause").textContent = paused ? "Resume updates" : "Pause updates"; listen(); tell(); });
addEventListener("visibilitychange", () => { if (!document.hidden && !paused) refresh(); listen(); });
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
setInterval(() => { if (!paused && Date.now() - asked >= EVERY) { listen(); refresh(); } tell(); }, 1_000);
listen();
tell();
