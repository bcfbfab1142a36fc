// The page: opens cases, filters, searches, follows links and keys. Without it all of the text reads.
"use strict";
(() => {
  const cases = [...document.querySelectorAll("details.case")];
  const form = document.querySelector("form.filters");
  const troubled = new Set(["fail", "error", "inconclusive", "unexpected-pass", "not conformant", "violation", "survived"]);
  const clauses = new Map([...document.querySelectorAll("#clauses dt")].map((dt) => [dt.id, dt.nextElementSibling.textContent]));
  const make = (tag, text, parent, look) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    if (look) node.className = look;
    parent.append(node);
    return node;
  };
  let packed;
  const models = () => packed ||= (async () => {
    const bytes = Uint8Array.from(atob(document.getElementById("pack").textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  })();

  const spell = (one) => {
    if (cases.length === 1) return;
    const command = document.getElementById("cases").dataset.command;
    if (command && !one.querySelector(".again")) {
      const name = one.id.replace(/#\d+$/, "");
      const line = make("p", "", one.querySelector(".body"), "again");
      make("code", `${command} --scenario ${/^[\w./-]+$/.test(name) ? name : `'${name}'`}`, line);
    }
    for (const link of one.querySelectorAll(".sources a[href^='#']")) {
      if (one.querySelector(".finding strong")?.textContent === link.textContent) continue;
      const line = make("p", "", one.querySelector(".body"), "told");
      make("strong", link.textContent, line);
      line.append(` ${clauses.get(link.textContent) || ""}`);
    }
  };
  // What the text leaves out for the sake of its size: the values that stayed the same, and links.
  const fill = (one, {kept, logs}) => {
    const values = one.querySelector(".kept span");
    values?.replaceChildren(...kept.flatMap(({name, value}) => {
      const [term, given] = [document.createElement("b"), document.createElement("code")];
      term.textContent = name;
      given.textContent = value;
      return [term, " ", given, " "];
    }));
    const sources = one.querySelector(".sources");
    for (const log of logs) if (log.href && !log.tail) {
      make("a", say("log of {node}", log), sources).href = log.href.split("/").map(encodeURIComponent).join("/");
    }
  };
  const beside = (one, logs) => {
    logs = logs.filter((log) => log.tail);
    if (!logs.length) return;
    const box = make("div", "", one.querySelector(".body"), "logs");
    for (const log of logs) {
      const fold = make("details", "", box);
      make("summary", say("The end of the log of {node}", log), fold);
      make("pre", log.tail, fold).tabIndex = 0;
    }
  };
  const draw = async (one) => {
    const place = one.querySelector(".tl");
    const model = (await models())[one.dataset.n], {timeline, logs} = model;
    if (place && timeline) drawTimeline(place, timeline);
    if (!one.dataset.told) {
      one.dataset.told = "yes";
      fill(one, model);
      spell(one);
      beside(one, logs);
    }
    one.dataset.drawn = "yes";
  };
  for (const one of cases) one.addEventListener("toggle", () => {
    if (!one.open) return;
    draw(one);
    if (cases.length > 1) history.replaceState(null, "", `#${encodeURI(one.id).replace("#", "%23")}`);
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    for (const one of cases) if (one.open) draw(one);
  });

  const go = (one) => {
    one.hidden = false;
    one.closest("section.group").hidden = false;
    one.open = true;
    one.querySelector("summary").focus({preventScroll: true});
    one.scrollIntoView({block: "start"});
  };
  const state = () => ({
    q: form.q.value.trim().toLowerCase(), g: form.g?.value || "", c: form.c?.value || "", r: form.r?.value || "",
    v: [...form.querySelectorAll("button[aria-pressed='true']")].map((b) => b.dataset.v),
  });
  let words;
  const text = (one) => (words ||= new Map(cases.map((c) => [c, `${c.id} ${c.textContent}`.toLowerCase()]))).get(one);
  const fits = (one, want) =>
    (!want.v.length || want.v.includes(one.dataset.v)) && (!want.c || one.dataset.c === want.c || one.dataset.c === "either") &&
    (!want.g || one.closest("section.group").dataset.g === want.g) &&
    (!want.r || [...one.querySelectorAll(".sources a, .finding strong")].some((a) => a.textContent === want.r)) &&
    want.q.split(/\s+/).every((word) => !word || text(one).includes(word));
  const filter = (keep) => {
    const want = state(), seen = new Set();
    for (const one of cases) {
      one.hidden = !fits(one, want);
      if (!one.hidden) seen.add(one.id);
    }
    for (const group of document.querySelectorAll("section.group")) group.hidden = !group.querySelector(".case:not([hidden])");
    for (const row of document.querySelectorAll(".matrix tbody tr:not(.group)")) {
      row.hidden = ![...row.querySelectorAll("a")].some((a) => seen.has(decodeURIComponent(a.hash.slice(1))));
    }
    for (const body of document.querySelectorAll(".matrix tbody")) body.hidden = !body.querySelector("tr:not(.group):not([hidden])");
    form.querySelector("output").textContent = say("{had} of {total}", {had: seen.size, total: cases.length});
    document.querySelector(".nothing").hidden = seen.size > 0;
    if (keep) return;
    const asked = new URLSearchParams();
    for (const key of ["q", "g", "c", "r"]) if (want[key]) asked.set(key, want[key]);
    for (const verdict of want.v) asked.append("v", verdict);
    history.replaceState(null, "", `#${asked.size ? `?${asked}` : ""}`);
  };
  const follow = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("?") && form) {
      const asked = new URLSearchParams(hash.slice(1));
      for (const key of ["q", "g", "c", "r"]) if (form[key]) form[key].value = asked.get(key) || "";
      for (const b of form.querySelectorAll("button[data-v]")) b.setAttribute("aria-pressed", asked.getAll("v").includes(b.dataset.v));
      filter(true);
      return;
    }
    let name = hash;
    try { name = decodeURIComponent(hash); } catch { /* a link that somebody cut short */ }
    const found = cases.find((one) => one.id === name);
    if (found) go(found);
  };
  if (form) {
    form.hidden = false;
    form.addEventListener("input", () => filter());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-v]");
      if (!button) return;
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      filter();
    });
    const clear = () => {
      for (const b of form.querySelectorAll("button[data-v]")) b.setAttribute("aria-pressed", "false");
      filter();
    };
    form.addEventListener("reset", () => setTimeout(clear));
    document.querySelector(".nothing button").addEventListener("click", () => form.reset());
    filter(true);
  }
  addEventListener("hashchange", follow);

  const step = (way, wanted) => {
    const seen = cases.filter((one) => !one.hidden && (!wanted || troubled.has(one.dataset.v)));
    const now = document.activeElement?.closest?.("details.case");
    const here = now ? cases.indexOf(now) : -1;
    const next = way > 0 ? seen.find((one) => cases.indexOf(one) > here) : seen.findLast((one) => cases.indexOf(one) < here);
    if (!next) return;
    if (wanted) return go(next);
    next.querySelector("summary").focus();
    next.scrollIntoView({block: "nearest"});
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") {
      if (typing) event.target.blur();
      const open = document.activeElement?.closest?.("details.case[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
    }
    if (typing || !form) return;
    const act = {"/": () => form.q.focus(), j: () => step(1), k: () => step(-1), f: () => step(1, true), F: () => step(-1, true)}[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // On paper: what is open, and every case that is in trouble.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = cases.filter((one) => !one.open && !one.hidden && troubled.has(one.dataset.v)).slice(0, 20);
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });

  for (const one of cases) if (one.open) draw(one);
  follow();
  // To unpack hundreds of time lines takes longer than to draw one, so this is done while nobody waits.
  (window.requestIdleCallback || setTimeout)(models);
  document.documentElement.dataset.ready = "yes";
})();
