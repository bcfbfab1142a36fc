// Draws the time lines of a page, and again when they get another width.
(function () {
  const drawn = new Map();

  function draw(place) {
    const width = place.clientWidth;
    if (!width || drawn.get(place) === width) return;
    drawn.set(place, width);
    const model = JSON.parse(place.nextElementSibling.textContent);
    drawTimeline(place, model);
  }

  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => draw(entry.target)));
  // The words of a search are marked first, for the same reason as before diagrams.
  addEventListener("load", () => setTimeout(() => {
    document.querySelectorAll("div.tl").forEach((place) => sizes.observe(place));
  }, 20));
})();
