// Listens for news while the page is looked at, since a browser has few connections to one server; watch.js does the rest.
"use strict";
let stream = null;
const tellNews = () => dispatchEvent(new Event("news"));
function listen() {
  const wanted = document.querySelector(".who") && !document.hidden && !document.body.hasAttribute("data-paused");
  if (!wanted) {
    stream?.close();
    stream = null;
  } else if (!stream || stream.readyState === EventSource.CLOSED) {
    stream = new EventSource("/events");
    stream.addEventListener("changed", tellNews);
  }
}
addEventListener("visibilitychange", () => { if (!document.hidden) tellNews(); listen(); });
document.getElementById("pause").addEventListener("click", listen);
setInterval(listen, 30_000); // a stream that was refused is asked for again
listen();
