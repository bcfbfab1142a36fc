// Lets the keyboard reach whatever scrolls on its own: wide code, tables and diagrams, long lists.
(function () {
  const wide = "pre, .table-wrapper, figure.diagram, .clause-margin ul";
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
    if (scrolls) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }));
  document.querySelectorAll(wide).forEach((place) => sizes.observe(place));
})();
