internal import Foundation
internal import PlumbRecords

/// An attribution graph as one page: positions from left to right, blocks from the bottom to the top. Pointing at a
/// node shows what it reads and what it feeds, a click keeps it. The page loads nothing; its script only draws what it
/// holds.
public struct AttributionGraphPage: Sendable {
    /// A node.
    public struct Node: Sendable {
        let id: String, label: String, kind: String
        let position: Int, row: Int
        let influence: Double?, activation: Double?

        /// A node.
        ///
        /// - Parameters:
        ///   - id: how links name it.
        ///   - label: what it is called.
        ///   - kind: `feature`, `error`, `embedding` or `logit`.
        ///   - position: of the prompt.
        ///   - row: 0 for embeddings, then the blocks, then the logits.
        ///   - influence: the share of all influence that it and stronger nodes have.
        ///   - activation: of a feature.
        public init(
            id: String, label: String, kind: String, position: Int, row: Int, influence: Double?,
            activation: Double?
        ) {
            (self.id, self.label, self.kind, self.position, self.row) = (id, label, kind, position, row)
            (self.influence, self.activation) = (influence, activation)
        }
    }

    /// What one node contributes to another.
    public struct Link: Sendable {
        let source: String, target: String
        let weight: Double

        /// A contribution.
        public init(source: String, target: String, weight: Double) {
            (self.source, self.target, self.weight) = (source, target, weight)
        }
    }

    private let title: String, summary: String
    private let tokens: [String]
    private let nodes: [Node]
    private let links: [Link]

    /// A page.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - summary: what it shows, in a sentence.
    ///   - tokens: the exact text of each token.
    ///   - nodes: at positions of the prompt; others are left out.
    ///   - links: between nodes; others are left out.
    public init(title: String, summary: String, tokens: [String], nodes: [Node], links: [Link]) {
        (self.title, self.summary, self.tokens) = (title, summary, tokens)
        self.nodes = nodes.filter { tokens.indices.contains($0.position) && $0.row >= 0 }
        let known = Set(self.nodes.map(\.id))
        self.links = links.filter {
            known.contains($0.source) && known.contains($0.target) && $0.weight.isFinite
        }
    }

    /// The page as HTML.
    public func render() -> String {
        let body = """
            <main>
            \(Page.header(title, summary: summary))
            <section aria-labelledby="graph"><h2 id="graph">Graph</h2>
            <p class="meta">Point at a node, or click to keep it. <b class="f">●</b> feature <b class="e">◆</b> error \
            <b class="t">■</b> embedding <b class="l">■</b> logit · links: <b class="pos">positive</b> \
            <b class="neg">negative</b></p>
            <div class="scroll"><svg id="canvas" role="img" aria-label="Attribution graph"></svg></div>
            </section>
            <section aria-labelledby="node"><h2 id="node">Node</h2>
            <p class="meta" id="said" aria-live="polite">No node is picked.</p>
            <div id="lists"><div><h3>What it reads</h3><ol id="from"></ol></div>\
            <div><h3>What it feeds</h3><ol id="to"></ol></div></div>
            </section>
            </main>
            <script type="application/json" id="data">\(data)</script>
            <script>
            \(Self.script)</script>

            """
        return Page.render(title: title, body: body, style: Self.style, hasScript: true)
    }

    /// Nodes and links as JSON that a page can hold: no `<` stands in it.
    private var data: String {
        var numbers: [String: Int] = [:]
        let shown = nodes.enumerated().map { index, node -> JSONValue in
            numbers[node.id] = index
            return .object([
                "n": .string(VisibleText.line(node.label)), "k": .string(node.kind),
                "p": JSONValue(node.position),
                "r": JSONValue(node.row), "i": node.influence.map { JSONValue($0) } ?? .null,
                "a": node.activation.map { JSONValue($0) } ?? .null,
            ])
        }
        let edges = links.map { link -> JSONValue in
            .array([
                JSONValue(numbers[link.source] ?? 0), JSONValue(numbers[link.target] ?? 0),
                JSONValue(link.weight),
            ])
        }
        let object = JSONValue.object([
            "tokens": .array(tokens.map { .string(VisibleText.token($0)) }), "nodes": .array(shown),
            "links": .array(edges),
        ])
        return object.text(.compact).replacing("<", with: "\\u003c")
    }

    private static let style = """
        #canvas{display:block;font-family:var(--mono);font-size:11px}
        #canvas .node{cursor:pointer;stroke:var(--paper);stroke-width:1}
        #canvas .node.kept{stroke:var(--ink);stroke-width:2.5}
        #canvas .node.dim{opacity:.18}
        #canvas text{fill:var(--ink)}
        #canvas .rule{stroke:var(--rule)}
        .f,.node.feature{color:#1f6fb2;fill:#1f6fb2}.e,.node.error{color:#8a8f98;fill:#8a8f98}
        .t,.node.embedding{color:#5f7d2f;fill:#5f7d2f}.l,.node.logit{color:#a3341a;fill:#a3341a}
        .pos{color:var(--positive)}.neg{color:var(--negative)}
        #lists{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem}
        #lists ol{padding-left:1.6em;margin:.2em 0;font-size:.88rem}
        #lists button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-align:left}
        @media(max-width:640px){#lists{grid-template-columns:1fr}}

        """

    private static let script = """
        "use strict";
        const data = JSON.parse(document.getElementById("data").textContent), svg = document.getElementById("canvas");
        const said = document.getElementById("said"), ns = "http://www.w3.org/2000/svg";
        const rows = [...new Set(data.nodes.map(d => d.r))].sort((a, b) => a - b), cells = new Map();
        data.nodes.forEach((d, i) => {
          const key = d.p + " " + d.r;
          if (!cells.has(key)) cells.set(key, []);
          cells.get(key).push(i);
        });
        const wide = data.tokens.map((_, p) => Math.max(34, 10 + 13 * Math.max(1, ...rows.map(r =>
          Math.min(12, (cells.get(p + " " + r) || []).length)))));
        const tall = rows.map(r => 14 + 13 * Math.max(1, ...data.tokens.map((_, p) =>
          Math.ceil((cells.get(p + " " + r) || []).length / 12))));
        const left = 46, sum = a => a.reduce((x, y) => x + y, 0), height = sum(tall), width = left + sum(wide);
        svg.setAttribute("width", width); svg.setAttribute("height", height + 96);
        function make(name, attributes, parent) {
          const e = document.createElementNS(ns, name);
          for (const key in attributes) e.setAttribute(key, attributes[key]);
          (parent || svg).append(e); return e;
        }
        const y = {}; let at = height;
        const last = rows[rows.length - 1], hasLogits = data.nodes.some(d => d.k === "logit");
        rows.forEach((r, i) => {
          y[r] = at - tall[i] / 2; at -= tall[i];
          make("line", {x1: left, x2: width, y1: at + tall[i], y2: at + tall[i], class: "rule"});
          make("text", {x: left - 6, y: y[r] + 4, "text-anchor": "end"}).textContent =
            r === 0 ? "emb" : r === last && hasLogits ? "logit" : "L" + (r - 1);
        });
        const x = []; let along = left;
        wide.forEach(w => { x.push(along + w / 2); along += w; });
        data.tokens.forEach((text, p) => {
          make("text", {transform: `translate(${x[p] + 4},${height + 8}) rotate(-90)`, "text-anchor": "end"})
            .textContent = text.slice(0, 14);
        });
        const lines = make("g", {}), marks = make("g", {}), shapes = [], place = [];
        cells.forEach(list => {
          list.forEach((i, n) => {
            const d = data.nodes[i], row = Math.floor(n / 12), many = Math.min(12, list.length - 12 * row);
            place[i] = [x[d.p] + 13 * (n % 12 - (many - 1) / 2),
              y[d.r] + 13 * (row - (Math.ceil(list.length / 12) - 1) / 2)];
          });
        });
        const name = d => d.n;
        let picked = -1, kept = -1;
        data.nodes.forEach((d, i) => {
          const [a, b] = place[i];
          const mark = d.k === "feature" ? make("circle", {cx: a, cy: b, r: 5}, marks)
            : d.k === "error"
                  ? make("rect", {x: a - 4, y: b - 4, width: 8, height: 8, transform: `rotate(45 ${a} ${b})`}, marks)
            : make("rect", {x: a - 5, y: b - 5, width: 10, height: 10}, marks);
          mark.setAttribute("class", "node " + d.k);
          make("title", {}, mark).textContent = name(d);
          mark.onmouseenter = () => { if (kept < 0) show(i); };
          mark.onclick = () => { kept = kept === i ? -1 : i; show(i); };
          shapes[i] = mark;
        });
        function list(id, found, other) {
          const box = document.getElementById(id);
          box.textContent = "";
          found.slice(0, 40).forEach(l => {
            const item = document.createElement("li"), button = document.createElement("button");
            button.textContent = `${l[2] >= 0 ? "+" : "−"}${Math.abs(l[2]).toPrecision(3)}  ${name(data.nodes[l[other]])}`;
            button.className = l[2] >= 0 ? "pos" : "neg";
            button.onclick = () => { kept = l[other]; show(kept); };
            item.append(button); box.append(item);
          });
        }
        function show(i) {
          picked = i;
          const d = data.nodes[i], size = l => -Math.abs(l[2]);
          const into = data.links.filter(l => l[1] === i).sort((a, b) => size(a) - size(b));
          const out = data.links.filter(l => l[0] === i).sort((a, b) => size(a) - size(b));
          const near = new Set([i, ...into.map(l => l[0]), ...out.map(l => l[1])]);
          shapes.forEach((s, n) => {
            s.classList.toggle("dim", !near.has(n)); s.classList.toggle("kept", n === kept);
          });
          lines.textContent = "";
          const most = Math.max(1e-12, ...into.concat(out).map(l => Math.abs(l[2])));
          into.concat(out).forEach(l => {
            const [a, b] = place[l[0]], [c, e] = place[l[1]];
            make("path", {d: `M${a},${b} C${a},${(b + e) / 2} ${c},${(b + e) / 2} ${c},${e}`, fill: "none",
              stroke: l[2] >= 0 ? "var(--positive)" : "var(--negative)", "stroke-width": .4 + 4 * Math.abs(l[2]) / most,
              "stroke-opacity": .75}, lines);
          });
          said.textContent = name(d) + ` at “${data.tokens[d.p]}” (position ${d.p})`
            + (d.a === null ? "" : `, activation ${d.a.toPrecision(3)}`)
            + (d.i === null ? "" : `, within the first ${(100 * d.i).toFixed(1)} % of the influence`) + ".";
          list("from", into, 0); list("to", out, 1);
        }
        const first = data.nodes.findIndex(d => d.k === "logit");
        if (first >= 0) show(first);

        """
}
