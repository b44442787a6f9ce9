// What the pages do where scripts run. Every page works without this file.
import { initAll } from "./govuk-frontend.min.js";

initAll();
keepProgressFresh();
sendOnce();

// A page with work under way asks for itself again and copies the new words into its panel, so
// that nobody's place on the page, or focus, is lost. (Without scripts the page reloads itself.)
function keepProgressFresh() {
  const panel = document.querySelector("[data-working]");
  if (!panel) return;
  const said = document.querySelector("[data-working-said]");
  const EVERY = 2000;
  const LONGEST = 30000;
  const SAY_EVERY = 10000;
  let lastSaid = Date.now();
  let failures = 0;

  function again() {
    const wait = Math.min(EVERY * 2 ** failures, LONGEST);
    window.setTimeout(ask, document.hidden ? Math.max(wait, 10000) : wait);
  }

  function ask() {
    // A request that answers with a document: no text is ever turned into HTML by a script.
    const request = new XMLHttpRequest();
    request.open("GET", window.location.href);
    request.responseType = "document";
    request.timeout = LONGEST;
    request.onload = () => {
      if (request.status >= 500) return failed();
      const fresh = request.response && request.response.querySelector("[data-working]");
      const moved = request.responseURL.split("#")[0] !== window.location.href.split("#")[0];
      if (moved || !fresh) {
        window.location.replace(moved ? request.responseURL : window.location.href);
        return undefined;
      }
      failures = 0;
      copy(fresh);
      return again();
    };
    request.onerror = failed;
    request.ontimeout = failed;
    request.send();
  }

  function failed() {
    failures += 1;
    if (failures === 3) {
      tell("The page cannot reach the server. It keeps trying; the work itself goes on.");
    }
    again();
  }

  function tell(words) {
    lastSaid = Date.now();
    if (said) said.textContent = words;
  }

  function copy(fresh) {
    const name = (part) => part.dataset.live;
    const parts = [...panel.querySelectorAll("[data-live]")];
    const news = new Map([...fresh.querySelectorAll("[data-live]")].map((p) => [name(p), p]));
    for (const part of parts) {
      const from = news.get(name(part));
      part.hidden = !from || from.hidden;
      if (!from) continue;
      if (part.tagName === "PROGRESS") {
        if (from.hasAttribute("value")) {
          part.max = from.max;
          part.value = from.value;
        } else {
          part.removeAttribute("value");
        }
      } else if (part.textContent !== from.textContent) {
        part.textContent = from.textContent;
      }
    }
    const words = ["step", "done"]
      .map((key) => news.get(key))
      .filter((part) => part && !part.hidden)
      .map((part) => part.textContent.trim())
      .filter(Boolean)
      .join(". ");
    if (said && said.textContent !== words && Date.now() - lastSaid >= SAY_EVERY) tell(words);
  }

  again();
}

// A form marked data-once is sent once, however often its button is pressed.
function sendOnce() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "yes";
      window.setTimeout(() => delete form.dataset.sent, 5000);
    });
  }
}
