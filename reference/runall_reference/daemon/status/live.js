// Puts each new state of the primary in the place of the old one. The page works without it.
const state = document.getElementById("state");
const live = document.getElementById("live");
if (state) {
  const changes = new EventSource("live");
  changes.onopen = () => { live.textContent = "Live: this page changes by itself."; };
  changes.onerror = () => { live.textContent = "The primary does not answer; trying again."; };
  changes.onmessage = (message) => {
    const focused = document.activeElement?.id;
    const next = new DOMParser().parseFromString(message.data, "text/html");
    state.replaceChildren(...next.body.childNodes);
    // Whoever goes by the keyboard stays where they were.
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };
  addEventListener("pagehide", () => changes.close());
}
