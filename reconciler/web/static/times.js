// Tells every time in this browser's own zone beside UTC, and instead of it where somebody asked for that.
"use strict";
const zone = document.getElementById("zone"), swap = document.getElementById("local"), ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
let local = localStorage.getItem("times") === "local";
function say() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime), said = time.querySelector(".at") ?? (time.children.length ? null : time);
    if (!said || Number.isNaN(at.valueOf())) continue;
    said.dataset.utc ??= said.textContent;
    time.dataset.told ??= time.title || said.dataset.utc;
    time.title = `${time.dataset.told} · ${whole.format(at)} ${ZONE}`;
    said.textContent = local ? short.format(at) : said.dataset.utc;
  }
  zone.textContent = local ? `Times are those of ${ZONE}; durations, days and the schedule are UTC.` : "Times are UTC.";
  swap.textContent = local ? "Show UTC" : "Show local times";
}
swap.hidden = false;
swap.addEventListener("click", () => { local = !local; localStorage.setItem("times", local ? "local" : "utc"); say(); });
addEventListener("redrawn", say);
say();
