// Draws the time line of a case. `drawTimeline(place, model)` is all that others call: the model is
// what runall_harness.reports.timeline makes, and the width is that of the place.
"use strict";
// A text in the language of the page, with these values for each name in braces. English is written
// here, and a page in another language brings its words.
const say = (() => {
  const words = JSON.parse(document.getElementById("words")?.textContent || "{}");
  return (text, values = {}) => (words[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
})();
const drawTimeline = (() => {
  const NARROW = 560, LABEL = 104, EDGE = 14, LEAST = 4, LETTER = 6.4;
  const calm = new Set(["join", "unpause", "clock"]);
  const patterns = {
    down: "M0,8 L8,0", "daemon down": "M0,8 L8,0 M0,0 L8,8", frozen: "M0,4 L8,4", cut: "M4,0 L4,8",
  };
  let serial = 0;

  const seconds = (t) => {
    if (t === 0) return "0";
    const size = Math.abs(t), sign = t < 0 ? "−" : "";
    if (size < 0.1) return say("{count} ms", {count: `${sign}${+(size * 1000).toPrecision(2)}`});
    return say("{count} s", {count: `${sign}${size < 100 ? +size.toFixed(2) : Math.round(size)}`});
  };
  const ends = (x) => [x.range()[0], x.range().at(-1)];
  const during = (one) => say("{since} to {until}", {since: seconds(one.since), until: one.open ? say("the end") : seconds(one.until)});
  const listed = (...words) => words.filter(Boolean).join(say(", "));
  // A Chinese character is as wide as two letters.
  const wide = (text) => [...text].reduce((sum, sign) => sum + (sign > "\u2e7f" ? 2 : 1), 0) * LETTER;
  const shortened = (words) => {
    const signs = [...words];
    while (wide(signs.join("")) > 14 * LETTER) signs.pop();
    return `${signs.join("")}…`;
  };
  const titled = (node, text) => { node.append("title").text(text); return node; };

  // Rows of bars that do not overlap on the screen, although the shortest are drawn wider.
  const packed = (bars, x) => {
    const ends = [];
    return bars.map((bar) => {
      const left = x(bar.since), right = Math.max(x(bar.until), left + LEAST);
      let row = ends.findIndex((end) => end <= left);
      if (row < 0) row = ends.length;
      ends[row] = right + 1;
      return {bar, left, right, row};
    });
  };

  const drawSteps = (g, model, x, y) => {
    for (const step of model.steps || []) {
      const left = x(step.since), width = Math.max(x(step.until) - left, 2);
      titled(g.append("rect").attr("class", `step${step.guilty ? " bad" : ""}`)
        .attr("x", left).attr("y", y).attr("width", Math.max(width - 1, 1)).attr("height", 14),
      `${step.number}. ${step.text}`);
      if (width > 16) g.append("text").attr("class", step.guilty ? "number" : "soft small")
        .attr("x", left + width / 2).attr("y", y + 11).attr("text-anchor", "middle").text(step.number);
    }
  };

  // The ticks that matter most get their place first; whoever would collide stays away.
  const drawAxis = (g, model, x, y, bottom) => {
    const wanted = [0, ...(model.recovery ? [model.recovery.at, model.recovery.until, model.recovery.since] : []),
      ...(model.faults || []).map((f) => f.at),
      ...(model.bars || []).filter((b) => b.role !== "canary").flatMap((b) => [b.since, b.until]),
      model.axis[0][0], model.axis.at(-1)[0]].filter((t) => t !== undefined && t !== null);
    const taken = [], [first, last] = ends(x);
    for (const t of new Set(wanted)) {
      const at = x(t), text = seconds(t), half = wide(text) / 2 + 5;
      const middle = Math.min(Math.max(at, first + half - 10), last - half + 10);
      if (taken.some(([a, b]) => middle + half > a && middle - half < b)) continue;
      taken.push([middle - half, middle + half]);
      g.append("line").attr("class", t === 0 ? "zero" : "rule").attr("x1", at).attr("x2", at)
        .attr("y1", y + 16).attr("y2", bottom);
      g.append("text").attr("class", "small").attr("x", middle).attr("y", y + 12)
        .attr("text-anchor", "middle").text(text);
    }
    model.axis.forEach(([t, , cut], n) => {
      if (!cut) return;
      const middle = (x(t) + x(model.axis[n + 1][0])) / 2;
      g.append("path").attr("class", "owed").attr("fill", "none")
        .attr("d", `M${middle - 5},${y + 22} l4,-8 M${middle + 1},${y + 22} l4,-8`);
    });
    g.append("line").attr("class", "rule").attr("x1", first).attr("x2", last).attr("y1", y + 18).attr("y2", y + 18);
  };

  const drawCoins = (g, model, x, y, yOf, bottom) => {
    let free = -99;
    (model.faults || []).forEach((fault, n) => {
      const at = x(fault.at), middle = Math.max(at, free + 17);
      free = middle;
      const quiet = calm.has(fault.kind), lane = yOf.get(fault.node);
      g.append("path").attr("class", "fault").attr("fill", "none")
        .attr("d", `M${middle},${y + 8} L${at},${y + 18} L${at},${lane ? lane.y + lane.height : bottom}`);
      if (lane && !quiet) g.append("path").attr("class", "cross")
        .attr("d", `M${at - 4},${lane.y + lane.height / 2 - 4} l8,8 m0,-8 l-8,8`);
      const coin = g.append("g");
      titled(coin, say("{kind} of {node} at {at}: {proof}", {...fault, kind: say(fault.kind), at: seconds(fault.at)}));
      if (fault.guilty) coin.append("circle").attr("class", "halo").attr("cx", middle).attr("cy", y + 6).attr("r", 12);
      coin.append("circle").attr("class", `coin${quiet ? " calm" : ""}`).attr("cx", middle).attr("cy", y + 6).attr("r", 8);
      coin.append("text").attr("class", "number").attr("x", middle).attr("y", y + 10)
        .attr("text-anchor", "middle").text(n + 1);
    });
  };

  const drawSpans = (g, spans, x, lane, prefix) => {
    for (const span of spans) {
      const left = x(span.since), width = Math.max(x(span.until) - left, 2);
      const words = `${span.node}: ${listed(span.words, during(span))}`;
      if (span.kind === "leads") {
        titled(g.append("rect").attr("class", `leads${span.guilty ? " lit" : ""}`).attr("x", left).attr("y", lane.y)
          .attr("width", width).attr("height", 3), words);
        continue;
      }
      const box = (fill) => g.append("rect").attr("x", left).attr("y", lane.y + 3).attr("width", width)
        .attr("height", lane.height - 3).attr(...fill);
      if (span.kind !== "cut") box(["class", "down"]);
      titled(box(["fill", `url(#${prefix}${span.kind.replace(" ", "-")})`]), words);
    }
  };

  const drawBars = (g, lane, step, height) => {
    for (const {bar, left, right, row} of lane.rows) {
      const y = lane.y + 6 + row * step, width = right - left;
      const words = say("{job} on {node}: {what}", {...bar, what:
        listed(say(bar.how), bar.again && say("a rerun"), during(bar), bar.guilty && say("accused"))});
      if (bar.guilty) g.append("rect").attr("class", "halo").attr("x", left - 5).attr("y", y - 4)
        .attr("width", width + 10).attr("height", height + 8).attr("rx", 5);
      titled(g.append("rect").attr("class", `bar ${bar.how} ${bar.role || ""}${bar.again && height > 6 ? " again" : ""}${bar.guilty && height > 6 ? " lit" : ""}`)
        .attr("x", left).attr("y", y).attr("width", width).attr("height", height)
        .attr("rx", bar.open ? 0 : Math.min(3, height / 3)), words);
      const label = `${bar.job}${bar.again ? " ↻" : ""}`;
      if (height >= 12 && bar.role !== "canary") {
        if (wide(label) < width - 6) g.append("text").attr("class", "onbar").attr("x", left + 4).attr("y", y + height - 3.5).text(label);
        else if (lane.rows.every((o) => o.bar === bar || o.bar.role === "canary" || o.row !== row || o.left >= right + wide(label) + 8 || o.right <= left))
          g.append("text").attr("class", "small").attr("x", right + 4).attr("y", y + height - 3.5).text(label);
      }
    }
  };

  const classOf = (state) => ({limbo: "s-limbo", waiting: "s-waiting", interrupted: "s-interrupted", succeeded: "s-good"})[state]
    || (["failed", "aborted", "timed_out"].includes(state) ? "s-end" : "s-shown");

  const drawShown = (g, rows, x, y, step) => {
    rows.forEach(([, list], n) => {
      const top = y + n * step, height = step > 6 ? step - 4 : step * 0.75;
      for (const one of list) {
        const left = x(one.since), width = x(one.until) - left;
        const words = listed(say("{job} is shown as {state}", {...one, state: say(one.state)}), one.words, during(one));
        const final = ["succeeded", "failed", "aborted", "timed_out", "interrupted"].includes(one.state);
        const mark = final
          ? g.append("path").attr("d", d3.symbol(one.state === "interrupted" ? d3.symbolDiamond : d3.symbolCircle, Math.min(height * 5, 42))())
            .attr("transform", `translate(${left},${top + height / 2})`)
          : g.append("rect").attr("x", left).attr("y", top).attr("width", Math.max(width, 2)).attr("height", height);
        titled(mark.attr("class", `${classOf(one.state)}${one.guilty ? " lit" : ""}`), words);
        if (one.latest !== undefined && one.latest !== null && one.latest > one.until) {
          const end = Math.min(x(one.latest), ends(x)[1]);
          titled(g.append("line").attr("class", "owed").attr("x1", end).attr("x2", end).attr("y1", top - 1).attr("y2", top + height + 1),
            say("limbo of {job} may last until {until}", {...one, until: seconds(one.latest)}));
        }
        if (!final && height >= 10 && wide(say(one.state)) < width - 4) g.append("text").attr("class", "onbar").attr("x", left + 3).attr("y", top + height - 2).text(say(one.state));
      }
    });
  };

  const drawRecovery = (g, recovery, x, y) => {
    const [start, last] = ends(x), from = x(recovery.since);
    const came = recovery.at !== undefined && recovery.at !== null;
    const late = came && recovery.until !== undefined && recovery.at > recovery.until;
    const to = came ? x(recovery.at) : recovery.until !== undefined ? x(recovery.until) : last;
    const limit = recovery.until === undefined ? "" : seconds(recovery.until - recovery.since);
    const took = came ? seconds(recovery.at - recovery.since) : "";
    const words = came ? say(limit ? "recovered in {took} of {limit}" : "recovered in {took}", {took, limit})
      : say(limit ? "not run again; due within {limit}" : "not run again", {limit});
    g.append("rect").attr("class", came && !late ? "came" : "missed").attr("x", from).attr("y", y + 4).attr("width", Math.max(to - from, 2)).attr("height", 4);
    if (recovery.until !== undefined) titled(g.append("line").attr("class", "limit").attr("x1", x(recovery.until)).attr("x2", x(recovery.until)).attr("y1", y - 1).attr("y2", y + 13), say("by then: {until}", {until: seconds(recovery.until)}));
    const text = g.append("text").attr("class", "small").attr("y", y + 24).text(words);
    const half = wide(words) / 2;
    text.attr("text-anchor", "middle").attr("x", Math.min(Math.max((from + to) / 2, start + half), last - half));
  };

  const drawLinks = (g, placed, x) => {
    const roots = d3.group(placed.filter((p) => p.bar.role !== "canary"), (p) => p.bar.root);
    if (roots.size > 6) return;
    for (const runs of roots.values()) d3.pairs(runs, (a, b) => {
      if (b.left < a.right) return;
      const bend = Math.min(40, (b.left - a.right) / 2);
      g.append("path").attr("class", "link").attr("d", `M${a.right},${a.y} C${a.right + bend},${a.y} ${b.left - bend},${b.y} ${b.left},${b.y}`);
    });
  };

  const legend = (place, model) => {
    const used = [];
    const bars = (model.bars || []).filter((b) => b.role !== "canary");
    for (const how of ["completed", "running", "killed", "terminated", "failed"]) if (bars.some((b) => b.how === how)) used.push([how, say(how)]);
    if ((model.bars || []).some((b) => b.role === "canary")) used.push(["bar completed canary", say("canary: shows that a server works")]);
    if (bars.some((b) => b.again)) used.push(["bar completed again", say("run again")]);
    if ((model.spans || []).some((s) => s.kind === "leads")) used.push(["leads", say("leads")]);
    if ((model.spans || []).some((s) => s.kind !== "leads")) used.push(["down", say("down, frozen or cut off")]);
    for (const state of ["limbo", "waiting"]) if ((model.shown || []).some((s) => s.state === state)) used.push([classOf(state), say("shown as {state}", {state: say(state)})]);
    if ([...bars, ...(model.shown || []), ...(model.faults || [])].some((b) => b.guilty)) used.push(["completed lit", say("accused by the verdict")]);
    const caption = d3.select(place).append("p").attr("class", "cap");
    for (const [look, words] of used) {
      const item = caption.append("span");
      item.append("svg").attr("aria-hidden", "true").attr("viewBox", "0 0 16 12").append("rect").attr("class", look).attr("x", 2).attr("y", 2).attr("width", 12).attr("height", 8);
      item.append("span").text(words);
    }
    caption.append("span").text(say("Zero is the first fault. Not to scale: quiet stretches are drawn short."));
  };

  const table = (place, model) => {
    const fold = d3.select(place).append("details");
    fold.append("summary").text(say("The executions as a table"));
    fold.on("toggle", () => {
    if (fold.select("table").size()) return;
    const box = fold.append("div").attr("class", "wide").attr("tabindex", 0).attr("role", "region").attr("aria-label", say("The executions"));
    const body = box.append("table");
    body.append("thead").append("tr").selectAll("th").data(["job", "server", "began", "ended", "how", "part"]).join("th").attr("scope", "col").text((name) => say(name));
    body.append("tbody").selectAll("tr").data(model.bars || []).join("tr").selectAll("td")
      .data((b) => [b.job + (b.again ? " ↻" : ""), b.node, seconds(b.since), b.open ? "" : seconds(b.until), say(b.how), say(b.role || "")]).join("td").text(String);
    });
  };

  return (place, model) => {
    const started = performance.now();
    place.replaceChildren();
    const width = Math.max(place.clientWidth || 900, 260), narrow = width < NARROW;
    const left = narrow ? EDGE : LABEL, prefix = `tl${++serial}-`;
    const x = d3.scaleLinear(model.axis.map((k) => k[0]), model.axis.map((k) => left + k[1] * (width - EDGE - left)));
    const svg = d3.select(place).append("svg").attr("role", "img").attr("aria-label", model.sentence);
    const defs = svg.append("defs");
    for (const [kind, path] of Object.entries(patterns)) {
      defs.append("pattern").attr("id", prefix + kind.replace(" ", "-")).attr("width", 8).attr("height", 8)
        .attr("patternUnits", "userSpaceOnUse").append("path").attr("class", "strokes").attr("d", path).attr("fill", "none");
    }
    const back = svg.append("g"), front = svg.append("g");
    const named = (words, y, height) => front.append("text").attr("x", 0).attr("y", narrow ? y - 3 : y + Math.min(height / 2 + 4, height)).attr("class", narrow ? "small soft" : "").text(
      !narrow && wide(words) > LABEL - 8 ? `${shortened(words)}` : words);
    let y = 0;
    if ((model.steps || []).length) { drawSteps(front, model, x, 0); if (!narrow) front.append("text").attr("class", "soft small").attr("x", 0).attr("y", 11).text(say("steps")); y = 22; }
    const axisAt = y;
    y += 26;
    const coinsAt = y;
    if ((model.faults || []).length) y += 24;
    const yOf = new Map(), placed = [];
    for (const lane of model.lanes) {
      const rows = packed((model.bars || []).filter((b) => b.node === lane.node), x);
      const count = d3.max(rows, (r) => r.row + 1) || 1, step = count <= 4 ? 18 : Math.max(1.6, Math.min(18, 170 / count));
      y += narrow ? 16 : 6;
      yOf.set(lane.node, {y, height: count * step + 8, rows, step});
      y += count * step + 8;
    }
    const lanesEnd = y;
    const shown = [...d3.group((model.shown || []), (s) => s.root)];
    const step = shown.length <= 8 ? 16 : Math.max(1.6, Math.min(16, 200 / shown.length));
    y += shown.length ? (narrow ? 20 : 14) : 0;
    const shownAt = y;
    y += shown.length * step + 6;
    const recoveryAt = y;
    if (model.recovery) y += 30;
    drawAxis(back, model, x, axisAt, lanesEnd + 4);
    for (const lane of model.lanes) {
      const at = yOf.get(lane.node);
      back.append("rect").attr("class", "laneback").attr("x", left).attr("y", at.y).attr("width", width - EDGE - left).attr("height", at.height);
      drawSpans(back, (model.spans || []).filter((s) => s.node === lane.node), x, at, prefix);
      named(lane.node, at.y, at.height);
      for (const row of at.rows) placed.push({...row, y: at.y + 6 + row.row * at.step + (at.step - 2) / 2});
    }
    drawLinks(front, placed.sort((a, b) => a.bar.since - b.bar.since), x);
    for (const lane of model.lanes) { const at = yOf.get(lane.node); drawBars(front, at, at.step, at.step > 6 ? at.step - 3 : at.step * 0.8); }
    drawCoins(front, model, x, coinsAt, yOf, lanesEnd);
    if (shown.length) {
      if (narrow) named(say("what the scheduler shows"), shownAt, 0);
      else if (step >= 12) shown.forEach(([root], n) => named(root, shownAt + n * step, step - 4));
      else named(say("{count} jobs", {count: shown.length}), shownAt, 14);
      drawShown(front, shown, x, shownAt, step);
    }
    if (model.recovery) drawRecovery(front, model.recovery, x, recoveryAt);
    svg.attr("viewBox", `0 0 ${width} ${y + 4}`).attr("height", y + 4);
    legend(place, model);
    table(place, model);
    place.dataset.ms = (performance.now() - started).toFixed(1);
  };
})();
