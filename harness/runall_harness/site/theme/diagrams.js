// Draws the state diagrams, in colours of the page that change with it.
(function () {
  async function draw() {
    const [ink, paper, panel, edge] = ["foreground-primary", "background-primary", "background-secondary",
      "foreground-muted"].map((name) => `var(--color-${name})`);
    const looks = {
      "": `fill: ${ink}`,
      ".node rect": `fill: ${panel}; stroke: ${edge}`,
      ".node circle.state-start, .marker, defs [id$='-barbEnd']": `fill: ${ink}; stroke: ${ink}`,
      ".transition": `stroke: ${edge}`,
      ".edgeLabel, .edgeLabel p": `background-color: ${paper}; color: ${ink}`,
      ".nodeLabel, .nodeLabel p": `color: ${ink}`,
      ".statediagramTitleText": `fill: ${ink}`,
    };
    const themeCSS = Object.entries(looks).map(([what, look]) => `${what || "&"} { ${look} }`).join(" ");
    window.mermaid.initialize({ startOnLoad: false, theme: "base", themeCSS });
    for (const [number, figure] of [...document.querySelectorAll("figure.diagram")].entries()) {
      // The classes that the source gives its states name colours of the light page.
      const source = figure.textContent.replace(/^\s*(classDef|Class) .*$/gm, "");
      const { svg } = await window.mermaid.render(`diagram-${number}`, source);
      figure.innerHTML = svg;
      // On a phone it scrolls before its words get too small.
      const drawn = figure.firstElementChild;
      drawn.style.minWidth = `calc(${drawn.style.maxWidth} * 0.6)`;
    }
  }

  // Sphinx marks the words of a search 10 ms after the page is read, and it would mark them inside of
  // a drawing's style too, which ends in an error.
  addEventListener("load", () => setTimeout(draw, 20));
})();
