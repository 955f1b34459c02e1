"use strict";
const at = (id) => document.getElementById(id);
const data = JSON.parse(at("data").textContent);
const hidden = new Set(); // colours switched off in the legend
const look = {}; // colours of the theme, as the canvas needs them
let near = null; // the clicked node and its neighbours
let matches = null; // nodes that the search found
let graph;
let radiusScale = 1;

(async () => {
  await loadLibrary();
  spreadParallelLinks();
  buildGraph();
  buildLegend();
  followTheme();
  wireTools();
  parent.postMessage("graph-olap-ready", "*");
})();

async function loadLibrary() {
  const bytes = Uint8Array.from(atob(at("library").textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

function spreadParallelLinks() {
  const pairs = new Map();
  for (const link of data.links) {
    const key = [link.source, link.target].sort((a, b) => a - b).join(" ");
    if (!pairs.has(key)) pairs.set(key, []);
    pairs.get(key).push(link);
  }
  for (const links of pairs.values()) {
    const first = links[0].source;
    links.forEach((link, index) => {
      if (link.source === link.target) {
        link.curve = 0.4 + 0.25 * index;
        return;
      }
      const bend = links.length === 1 ? 0 : (index / (links.length - 1) - 0.5) * Math.min(0.6, 0.1 * links.length);
      link.curve = link.source === first ? bend : -bend; // a link back bends the other way on its own axis
    });
  }
}

function buildGraph() {
  const box = at("graph");
  const count = data.nodes.length;
  const placed = data.nodes.some((node) => node.fx !== undefined);
  graph = new ForceGraph(box)
    .width(box.clientWidth).height(box.clientHeight)
    .warmupTicks(count > 2000 ? 120 : 300).cooldownTicks(0)
    .nodeVal("radius").nodeRelSize(1)
    .nodeLabel(() => "").linkLabel(() => "") // the library would read texts as HTML
    .nodeCanvasObject(paintNode)
    .nodePointerAreaPaint((node, color, context) => disc(node, color, context, 2))
    .nodeVisibility((node) => !hidden.has(node.color))
    .linkVisibility((link) => !hidden.has(link.source.color) && !hidden.has(link.target.color))
    .linkColor((link) => (dimmedLink(link) ? look.faint : look.line))
    .linkWidth("width").linkCurvature("curve")
    .linkDirectionalArrowLength((link) => (count > 1000 ? 0 : 4 + link.width)).linkDirectionalArrowRelPos(0.92)
    .linkHoverPrecision(6)
    .minZoom(0.02).maxZoom(30)
    // The page around scrolls as usual until the reader has clicked into the picture.
    .enableZoomInteraction((event) => event.type !== "wheel" || document.hasFocus() || event.ctrlKey)
    .onNodeHover((node) => describe(node && [node.caption, node.kind, node.facts]))
    .onLinkHover((link) => describe(link && [link.kind, `${link.source.caption} → ${link.target.caption}`, link.facts]))
    .onNodeClick((node) => { near = near && near.center === node ? null : neighbourhood(node); redraw(); })
    .onBackgroundClick(() => { near = null; redraw(); });
  graph.d3Force("charge").strength(placed ? 0 : -40 - 600 / Math.sqrt(count + 1)).distanceMax(600);
  if (placed) graph.d3Force("center", null);
  graph.d3Force("link").distance(45);
  graph.d3Force("gravity", (alpha) => {
    // Parts that nothing connects would drift apart for ever.
    for (const node of data.nodes) { node.vx -= node.x * 0.08 * alpha; node.vy -= node.y * 0.08 * alpha; }
  });
  graph.graphData({ nodes: data.nodes, links: data.links });
  // The library applies a new size a moment later; fitted before that, the picture would hang in a corner.
  const fit = () => setTimeout(() => graph.zoomToFit(0, 44), 60);
  graph.onEngineStop(() => { graph.onEngineStop(() => {}); radiusScale = spacing(); fit(); });
  new ResizeObserver(() => { graph.width(box.clientWidth).height(box.clientHeight); fit(); }).observe(box);
}

function spacing() {
  // Nodes keep their size on screen when coordinates stretch the picture; huge pictures get smaller ones.
  const bounds = graph.getGraphBbox();
  if (!bounds) return 1;
  const zoom = Math.min(at("graph").clientWidth / (bounds.x[1] - bounds.x[0] + 1), at("graph").clientHeight / (bounds.y[1] - bounds.y[0] + 1));
  return Math.min(6, Math.max(1, 0.75 / zoom)) * (data.nodes.length > 300 ? 0.7 : 1);
}

function disc(node, color, context, extra = 0) {
  context.fillStyle = color;
  context.beginPath();
  context.arc(node.x, node.y, node.radius * radiusScale + extra, 0, 2 * Math.PI);
  context.fill();
}

function paintNode(node, context, zoom) {
  const dimmed = dimmedNode(node);
  context.globalAlpha = dimmed ? 0.15 : 1;
  disc(node, look.surface, context, 1 / zoom);
  disc(node, node.color, context);
  const onScreen = node.radius * radiusScale * zoom;
  if (!dimmed && (data.nodes.length <= 40 || onScreen > 12 || near || (matches && matches.size < 40))) {
    context.font = `${11 / zoom}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "top";
    context.lineWidth = 3 / zoom;
    context.lineJoin = "round";
    context.strokeStyle = look.surface;
    const text = node.caption.length > 28 ? `${node.caption.slice(0, 27)}…` : node.caption;
    const top = node.y + node.radius * radiusScale + 2 / zoom;
    context.strokeText(text, node.x, top);
    context.fillStyle = look.text;
    context.fillText(text, node.x, top);
  }
  context.globalAlpha = 1;
}

function dimmedNode(node) {
  return Boolean((near && !near.nodes.has(node)) || (matches && !matches.has(node)));
}

function dimmedLink(link) {
  return Boolean((near && link.source !== near.center && link.target !== near.center) || (matches && !(matches.has(link.source) || matches.has(link.target))));
}

function neighbourhood(center) {
  const nodes = new Set([center]);
  for (const link of data.links) {
    if (link.source === center) nodes.add(link.target);
    if (link.target === center) nodes.add(link.source);
  }
  return { center, nodes };
}

function describe(what) {
  const card = at("card");
  card.hidden = !what;
  if (!what) return;
  const [title, kind, facts] = what;
  const list = element("dl");
  for (const [name, value] of facts.slice(0, 15)) list.append(element("dt", name), element("dd", value));
  card.replaceChildren(element("strong", title), element("em", kind), list);
  if (facts.length > 15) card.append(element("em", `… ${facts.length - 15} more`));
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text; // never HTML: the text is data
  return made;
}

function buildLegend() {
  for (const { text, color } of data.legend) {
    const button = element("button");
    const dot = element("i");
    dot.style.background = color;
    button.type = "button";
    button.append(dot, element("span", text));
    button.disabled = data.ramp; // steps of a ramp are no groups
    if (!data.ramp) button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!hidden.delete(color)) hidden.add(color);
      button.setAttribute("aria-pressed", String(!hidden.has(color)));
      redraw();
    });
    const line = element("li");
    line.append(button);
    at("legend").append(line);
  }
}

function followTheme() {
  const read = () => {
    for (const [name, variable] of [["text", "--go-text"], ["line", "--go-line"], ["faint", "--go-border"], ["surface", "--go-surface"]]) {
      const probe = element("i");
      probe.style.color = `var(${variable})`;
      document.body.append(probe);
      look[name] = getComputedStyle(probe).color;
      probe.remove();
    }
    graph.linkDirectionalArrowColor((link) => (dimmedLink(link) ? look.faint : look.line));
    redraw();
  };
  addEventListener("message", (event) => {
    if (event.source === parent && event.data && event.data.graphOlapTheme) {
      document.documentElement.dataset.theme = event.data.graphOlapTheme === "dark" ? "dark" : "light";
      read();
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", read);
  read();
}

function wireTools() {
  at("search").addEventListener("input", () => {
    const words = at("search").value.trim().toLowerCase();
    const text = (node) => [node.caption, node.kind, ...node.facts.map((fact) => fact[1])].join("\n").toLowerCase();
    matches = words ? new Set(data.nodes.filter((node) => text(node).includes(words))) : null;
    at("found").textContent = matches ? `${matches.size} found` : "";
    redraw();
  });
  at("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && matches && matches.size) graph.zoomToFit(300, 80, (node) => matches.has(node));
  });
  at("fit").addEventListener("click", () => graph.zoomToFit(300, 44));
  at("closer").addEventListener("click", () => graph.zoom(graph.zoom() * 1.5, 200));
  at("farther").addEventListener("click", () => graph.zoom(graph.zoom() / 1.5, 200));
  at("save").addEventListener("click", () => {
    const link = element("a");
    link.href = document.querySelector("canvas").toDataURL("image/png");
    link.download = "graph.png";
    link.click();
  });
  addEventListener("pointermove", (event) => {
    const card = at("card");
    card.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - card.offsetWidth - 8))}px`;
    card.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - card.offsetHeight - 8))}px`;
  });
}

function redraw() {
  graph.nodeVisibility(graph.nodeVisibility()); // any setter makes the paused canvas draw again
}
