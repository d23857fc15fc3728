internal import Foundation
internal import PlumbRecords

/// Attention patterns as one page that a reader can point at: all heads at once, one of them large, and the text with
/// what each token attends to. The page loads nothing; its script only draws what it holds.
public struct AttentionPage: Sendable {
    /// One head's pattern.
    public struct Head: Sendable {
        let layer: Int, head: Int
        let weights: [[Double]]

        /// A pattern, `weights[query][key]` from 0 to 1.
        public init(layer: Int, head: Int, weights: [[Double]]) {
            (self.layer, self.head, self.weights) = (layer, head, weights)
        }
    }

    private let title: String, summary: String
    private let tokens: [String]
    private let heads: [Head]

    /// A page.
    ///
    /// - Parameters:
    ///   - title: the heading.
    ///   - summary: what it shows, in a sentence.
    ///   - tokens: the exact text of each token.
    ///   - heads: patterns of as many queries and keys as there are tokens; others are left out.
    public init(title: String, summary: String, tokens: [String], heads: [Head]) {
        (self.title, self.summary, self.tokens) = (title, summary, tokens)
        self.heads = heads.filter { head in
            head.weights.count == tokens.count && head.weights.allSatisfy { $0.count == tokens.count }
        }
    }

    /// The page as HTML.
    public func render() -> String {
        let body = """
            <main>
            \(Page.header(title, summary: summary))
            <section aria-labelledby="text"><h2 id="text">Text</h2>
            <p class="meta">Point at a token, or click to keep it. \
            <label><input type="radio" name="way" value="from" checked> what it attends to</label> \
            <label><input type="radio" name="way" value="to"> what attends to it</label> · <span id="which"></span></p>
            <div id="tokens"></div>
            <p class="meta" id="said" aria-live="polite"></p>
            </section>
            <section aria-labelledby="one"><h2 id="one">One head</h2>
            <div class="scroll"><canvas id="large"></canvas></div>
            <p class="meta">Rows are positions, columns what they take from others: white is 0, blue is 1.</p>
            </section>
            <section aria-labelledby="all"><h2 id="all">All heads</h2>
            <p class="meta">Each square is a head, named by layer and number. Click one to see it above.</p>
            <div id="heads"></div>
            </section>
            </main>
            <script type="application/json" id="data">\(data)</script>
            <script>
            \(Self.script)</script>

            """
        return Page.render(title: title, body: body, style: Self.style, hasScript: true)
    }

    /// Tokens and weights in thousandths, as JSON that a page can hold: no `<` stands in it.
    private var data: String {
        let texts = tokens.map { JSONValue.string(VisibleText.token($0)) }
        let maps = heads.map { head -> JSONValue in
            let weights = head.weights.joined().map { weight -> JSONValue in
                JSONValue(weight.isFinite ? Int((min(max(weight, 0), 1) * 1000).rounded()) : 0)
            }
            return .object(["l": JSONValue(head.layer), "h": JSONValue(head.head), "w": .array(weights)])
        }
        let object = JSONValue.object(["tokens": .array(texts), "heads": .array(maps)])
        return object.text(.compact).replacing("<", with: "\\u003c")
    }

    private static let style = """
        #tokens{display:flex;flex-wrap:wrap;gap:2px;font-family:var(--mono);font-size:.92rem;line-height:1.9}
        #tokens span{padding:0 .28em;border-radius:4px;cursor:pointer;border:1px solid var(--rule);white-space:pre}
        #tokens span.on{outline:2px solid var(--bad)}
        #heads{display:grid;grid-template-columns:repeat(auto-fill,minmax(84px,1fr));gap:8px}
        #heads button{font:inherit;font-size:.74rem;color:inherit;background:var(--paper);border:1px solid var(--rule);\
        border-radius:6px;padding:4px;cursor:pointer}
        #heads button[aria-pressed=true]{outline:2px solid var(--accent)}
        #heads canvas{width:100%;aspect-ratio:1;image-rendering:pixelated;display:block;background:#fff}
        #large{image-rendering:pixelated;border:1px solid var(--rule);background:#fff;cursor:crosshair}

        """

    private static let script = """
        "use strict";
        const data = JSON.parse(document.getElementById("data").textContent), n = data.tokens.length;
        const box = document.getElementById("tokens"), large = document.getElementById("large");
        const said = document.getElementById("said"), which = document.getElementById("which");
        let head = 0, token = n - 1, kept = false;
        const way = () => document.querySelector("input[name=way]:checked").value;
        const weight = (h, q, k) => data.heads[h].w[q * n + k] / 1000;
        const blue = a => `rgb(${Math.round(255 - 224 * a)},${Math.round(255 - 144 * a)},${Math.round(255 - 77 * a)})`;
        function draw(canvas, h, size, margin) {
          canvas.width = canvas.height = n * size + margin;
          const c = canvas.getContext("2d");
          c.translate(margin, 0);
          for (let q = 0; q < n; q++) for (let k = 0; k < n; k++) {
            c.fillStyle = blue(weight(h, q, k));
            c.fillRect(k * size, q * size, size, size);
          }
          return c;
        }
        const edge = size => size >= 12 ? 92 : 0;
        function show() {
          if (!data.heads.length || !n) return;
          const size = Math.max(2, Math.min(28, Math.floor(620 / n))), c = draw(large, head, size, edge(size));
          if (edge(size)) {
            c.font = "11px system-ui, sans-serif"; c.fillStyle = "#5b626c"; c.textAlign = "right";
            data.tokens.forEach((text, i) => {
              c.fillText(text.slice(0, 12), -6, (i + .5) * size + 4);
              c.save(); c.translate((i + .5) * size + 4, n * size + 8); c.rotate(-Math.PI / 2);
              c.fillText(text.slice(0, 12), 0, 0); c.restore();
            });
          }
          c.strokeStyle = "#a3341a"; c.lineWidth = 1.5;
          if (way() === "from") c.strokeRect(0, token * size, n * size, size);
          else c.strokeRect(token * size, 0, size, n * size);
          const values = [];
          [...box.children].forEach((span, i) => {
            const a = way() === "from" ? weight(head, token, i) : weight(head, i, token);
            values.push([a, i]);
            span.style.background = blue(a); span.style.color = a > .55 ? "#fff" : "#1c1f24";
            span.classList.toggle("on", i === token);
            span.title = `${i}: ${a.toFixed(3)}`;
          });
          values.sort((x, y) => y[0] - x[0]);
          const name = data.heads[head].l + "." + data.heads[head].h;
          which.textContent = "head " + name;
          said.textContent = `Head ${name}: “${data.tokens[token]}” (position ${token}) `
            + (way() === "from" ? "attends most to " : "is attended to most by ")
            + values.slice(0, 3).map(v => `“${data.tokens[v[1]]}” (${v[1]}: ${v[0].toFixed(3)})`).join(", ") + ".";
          [...document.querySelectorAll("#heads button")].forEach((b, i) => b.setAttribute("aria-pressed", i === head));
        }
        data.tokens.forEach((text, i) => {
          const span = document.createElement("span");
          span.textContent = text; span.tabIndex = 0;
          span.onmouseenter = span.onfocus = () => { if (!kept) { token = i; show(); } };
          span.onclick = () => { kept = !(kept && token === i); token = i; show(); };
          box.append(span);
        });
        data.heads.forEach((h, i) => {
          const button = document.createElement("button"), canvas = document.createElement("canvas");
          button.type = "button"; draw(canvas, i, 1, 0);
          button.append(canvas, h.l + "." + h.h);
          button.onclick = () => { head = i; show(); };
          document.getElementById("heads").append(button);
        });
        large.onmousemove = e => {
          const r = large.getBoundingClientRect(), size = Math.max(2, Math.min(28, Math.floor(620 / n)));
          const q = Math.floor((e.clientY - r.top) / size), k = Math.floor((e.clientX - r.left - edge(size)) / size);
          const i = way() === "from" ? q : k;
          if (i >= 0 && i < n && !kept) { token = i; show(); }
        };
        document.querySelectorAll("input[name=way]").forEach(input => input.onchange = show);
        show();

        """
}
