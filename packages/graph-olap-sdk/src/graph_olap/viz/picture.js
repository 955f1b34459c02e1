"use strict";
const at = (id) => document.getElementById(id);
const data = JSON.parse(at("data").textContent);
const hidden = new Set(); // colours switched off in the legend
const look = {}; // colours of the theme, as the canvas needs them
let near = null; // the clicked node and its neighbours
let matches = null; // nodes that the search found
let graph;
let radiusScale = 1;
const CLOSEST_FIT = 3; // two nodes do not fill the frame
const MOST_CAPTIONS = 150; // more are not read, and drawing gets slow

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
    .nodeCanvasObject(paintNode).onRenderFramePost(paintCaptions)
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
  const degrees = new Map();
  for (const end of data.links.flatMap((link) => [link.source, link.target])) degrees.set(end, (degrees.get(end) || 0) + 1);
  for (const node of data.nodes) node.degree = degrees.get(node.id) || 0;
  graph.graphData({ nodes: data.nodes, links: data.links });
  // The library applies a new size a moment later; fitted before that, the picture would hang in a corner.
  const fit = () => setTimeout(() => {
    if (!box.clientHeight) return; // not laid out yet; the observer below calls again
    radiusScale = spacing();
    graph.zoomToFit(0, margin()).zoom(Math.min(graph.zoom(), CLOSEST_FIT));
  }, 60);
  graph.onEngineStop(() => { graph.onEngineStop(() => {}); fit(); });
  new ResizeObserver(() => { graph.width(box.clientWidth).height(box.clientHeight); fit(); }).observe(box);
}

function margin() {
  // Room for captions and for the loops of outer nodes, which the library does not count in.
  const loops = data.links.some((link) => link.source === link.target);
  return Math.min(at("graph").clientHeight / 4, data.nodes.length > 300 ? 44 : loops ? 72 : 56);
}

function spacing() {
  // Nodes keep about their size on screen, however far their places or their number stretch the picture.
  const bounds = graph.getGraphBbox();
  if (!bounds) return 1;
  const room = (side, [from, to]) => (side - 2 * margin()) / (to - from + 1);
  const zoom = Math.min(CLOSEST_FIT, Math.max(0.02, Math.min(room(at("graph").clientWidth, bounds.x), room(at("graph").clientHeight, bounds.y))));
  return (Math.min(1.5, Math.max(0.75, zoom)) / zoom) * (data.nodes.length > 150 ? 0.7 : 1);
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
  context.globalAlpha = 1;
}

function paintCaptions(context, zoom) {
  // Captions never cover each other: the clicked node's and the found ones' come first, then the larger and busier nodes'.
  const first = (node) => Number(Boolean((near && near.nodes.has(node)) || (matches && matches.has(node))));
  const order = [...data.nodes].sort((a, b) => first(b) - first(a) || b.radius - a.radius || b.degree - a.degree);
  const [corner, opposite] = [graph.screen2GraphCoords(0, 0), graph.screen2GraphCoords(graph.width(), graph.height())];
  const inside = (node) => node.x > corner.x && node.x < opposite.x && node.y > corner.y && node.y < opposite.y;
  const shown = order.filter((node) => !hidden.has(node.color) && inside(node));
  const placed = [];
  context.font = `${11 / zoom}px system-ui, sans-serif`;
  context.textBaseline = "top";
  context.lineWidth = 3 / zoom;
  context.lineJoin = "round";
  context.strokeStyle = look.surface;
  context.fillStyle = look.text;
  for (const node of shown) {
    if (placed.length === MOST_CAPTIONS) return;
    if (dimmedNode(node)) continue;
    const text = node.caption.length > 28 ? `${node.caption.slice(0, 27)}…` : node.caption;
    const spots = captionSpots(node, context.measureText(text).width, 12 / zoom, 2 / zoom);
    const free = spots.filter((spot) => !placed.some((other) => overlap(spot, other)));
    const spot = free.find((each) => !shown.some((other) => other !== node && touches(each, other))) || (shown.length <= 40 && free[0]);
    if (!spot) continue;
    placed.push(spot);
    context.strokeText(text, spot.left, spot.top);
    context.fillText(text, spot.left, spot.top);
  }
}

function captionSpots(node, width, height, gap) {
  const away = node.radius * radiusScale + gap;
  const spot = (left, top) => ({ left, top, right: left + width, bottom: top + height });
  return [
    spot(node.x - width / 2, node.y + away),
    spot(node.x - width / 2, node.y - away - height),
    spot(node.x + away, node.y - height / 2),
    spot(node.x - away - width, node.y - height / 2),
  ];
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function touches(spot, node) {
  const radius = node.radius * radiusScale;
  return overlap(spot, { left: node.x - radius, right: node.x + radius, top: node.y - radius, bottom: node.y + radius });
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
  at("fit").addEventListener("click", () => graph.zoomToFit(300, margin()));
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
