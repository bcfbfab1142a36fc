// Draws the state diagrams, in the colours of the page, and again when these change.
(function () {
  const figures = [...document.querySelectorAll("figure.diagram")];
  const sources = figures.map((figure) => figure.textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function isDark() {
    const chosen = document.body.dataset.theme;
    return chosen === "dark" || (chosen !== "light" && dark.matches);
  }

  // The labels of mermaid's own dark theme are too faint to read.
  function colours() {
    return isDark()
      ? { background: "#131416", primaryColor: "#22262b", primaryTextColor: "#ffffff",
          primaryBorderColor: "#9aa4b1", lineColor: "#c4ccd6", textColor: "#ffffff",
          transitionLabelColor: "#ffffff", edgeLabelBackground: "#131416", labelColor: "#ffffff",
          tertiaryColor: "#131416", stateLabelColor: "#ffffff", stateBkg: "#22262b" }
      : { background: "#ffffff", primaryColor: "#f2f5f8", primaryTextColor: "#000000",
          primaryBorderColor: "#4a5561", lineColor: "#333b44", textColor: "#000000",
          transitionLabelColor: "#000000", edgeLabelBackground: "#ffffff", labelColor: "#000000",
          tertiaryColor: "#ffffff", stateLabelColor: "#000000", stateBkg: "#f2f5f8" };
  }

  async function draw() {
    window.mermaid.initialize({ startOnLoad: false, theme: "base", themeVariables: colours() });
    for (const [number, figure] of figures.entries()) {
      // The classes that the source gives its states name colours of the light page.
      const source = sources[number].replace(/^\s*(classDef|Class) .*$/gm, "");
      const { svg } = await window.mermaid.render(`diagram-${number}`, source);
      figure.innerHTML = svg;
    }
  }

  let drawn = Promise.resolve();
  const again = () => { drawn = drawn.then(draw); };
  again();
  dark.addEventListener("change", again);
  new MutationObserver(again).observe(document.body, { attributeFilter: ["data-theme"] });
})();
