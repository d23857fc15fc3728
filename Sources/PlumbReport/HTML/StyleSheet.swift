/// The one style sheet of every page: light and dark, screen, phone and print.
enum StyleSheet {
    static let text = base + layout + figures + parts + dark + print

    private static let base = """
        :root{color-scheme:light dark;--paper:#ffffff;--wash:#f5f6f8;--ink:#1c1f24;--faint:#5b626c;--rule:#d9dce1;\
        --grid:#e3e5e8;--accent:#1f5f9e;--good:#0b6b4f;--good-wash:#e3f3ec;--bad:#a3341a;--bad-wash:#fbe9e3;\
        --positive:#1f6fb2;--negative:#c2571a;--mark:#fff0c2;--mark-edge:#c99a1c;--sans:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;\
        --mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
        *{box-sizing:border-box}
        html{background:var(--paper);color:var(--ink);font:16px/1.55 var(--sans);-webkit-text-size-adjust:100%}
        body{margin:0 auto;max-width:1160px;padding:3rem 2rem 4rem}
        h1{font-size:2.1rem;line-height:1.18;letter-spacing:-.018em;margin:.2rem 0 .5rem;font-weight:680;\
        overflow-wrap:anywhere}
        h2{overflow-wrap:anywhere;font-size:1.15rem;letter-spacing:-.005em;margin:0 0 .9rem;font-weight:650}
        h3{font-size:.98rem;margin:0;font-weight:620;line-height:1.35;min-width:0;overflow-wrap:anywhere}
        p{margin:0 0 .7rem;max-width:72ch;overflow-wrap:anywhere}
        a{color:var(--accent)}
        code,kbd,.mono{font-family:var(--mono);font-size:.86em;overflow-wrap:anywhere}
        section{margin:2.6rem 0 0}
        .eyebrow{color:var(--accent);font-size:.8rem;font-weight:650;letter-spacing:.06em;text-transform:uppercase;margin:0}
        .lede{font-size:1.16rem;color:var(--faint);margin:0 0 .6rem}
        .meta{color:var(--faint);font-size:.86rem}

        """

    private static let layout = """
        .summary{border-left:4px solid var(--accent);background:var(--wash);padding:1rem 1.3rem;border-radius:0 8px 8px 0;\
        font-size:1.08rem;margin:1.6rem 0 0}
        .summary p{margin:0;max-width:78ch}
        .summary .outcome{font-size:.94rem;margin:.6rem 0 0;color:var(--faint)}
        .summary+.lede,.headline+.lede{margin-top:1.4rem}
        .banner{background:var(--bad-wash);color:var(--bad);padding:.7rem 1rem;border-radius:8px;margin:1.2rem 0 0;font-weight:600}
        .headline{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:1px;background:var(--rule);\
        border:1px solid var(--rule);border-radius:10px;overflow:hidden;margin:1.4rem 0 0}
        .headline div{background:var(--paper);padding:.8rem 1.1rem;overflow-wrap:anywhere}
        .headline b{display:block;font-size:1.55rem;font-weight:640;letter-spacing:-.015em;font-variant-numeric:tabular-nums;\
        line-height:1.25}
        .headline small{font-size:.55em;font-weight:500;color:var(--faint);letter-spacing:0}
        .headline span,.headline em{display:block;color:var(--faint);font-size:.84rem;font-style:normal}
        .headline em{font-variant-numeric:tabular-nums}
        table{border-collapse:collapse;font-size:.9rem;width:100%}
        th,td{text-align:left;padding:.42rem .8rem .42rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
        thead th{color:var(--faint);font-weight:600;font-size:.8rem;border-bottom:1.5px solid var(--rule)}
        tbody th{font-weight:500}
        th code{white-space:nowrap}
        .num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .scroll{overflow-x:auto;max-width:100%}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 3rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.35rem 1.2rem;margin:0;font-size:.9rem}
        dt{color:var(--faint)}
        dd{margin:0;overflow-wrap:anywhere;min-width:0}
        footer{margin:3rem 0 0;padding:1rem 0 0;border-top:1px solid var(--rule);color:var(--faint);font-size:.84rem}

        """

    private static let figures = """
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,510px),1fr));gap:1.4rem}
        figure{margin:0;border:1px solid var(--rule);border-radius:10px;padding:1.1rem 1.2rem 1rem;min-width:0}
        figure.wide{grid-column:1/-1}
        .head{display:flex;justify-content:space-between;gap:1rem;align-items:flex-start;margin:0 0 .8rem}
        .tools{display:flex;gap:.4rem;flex:none}
        .tools a{font:500 .76rem var(--sans);color:var(--faint);text-decoration:none;border:1px solid var(--rule);\
        border-radius:6px;padding:.16rem .55rem}
        .tools a:hover,.tools a:focus-visible{color:var(--ink);border-color:var(--faint)}
        .plot{overflow-x:auto;overflow-y:hidden}
        .plot svg{display:block;width:100%;height:auto;margin:0 auto}
        .plot svg rect:hover,.plot svg circle:hover,.plot svg path:has(title):hover{stroke:var(--ink);stroke-width:1.5}
        figcaption{color:var(--faint);font-size:.88rem;margin:.7rem 0 0;max-width:80ch}
        details{margin:.6rem 0 0;font-size:.86rem}
        summary{cursor:pointer;color:var(--accent);width:max-content;max-width:100%}
        details .scroll{max-height:26rem;overflow:auto;margin:.5rem 0 0;border:1px solid var(--rule);border-radius:6px}
        .data{font-size:.78rem;width:max-content;min-width:100%}
        .data th,.data td{padding:.2rem .6rem;white-space:nowrap}
        .data thead th{position:sticky;top:0;background:var(--wash)}
        .data tbody th{color:var(--faint);position:sticky;left:0;background:var(--paper)}

        """

    private static let parts = """
        .claim{border:1px solid var(--rule);border-radius:10px;overflow:hidden;margin:0 0 .9rem}
        .claim>div{display:grid;grid-template-columns:2rem 1fr auto;gap:.2rem .4rem;padding:.75rem 1.1rem;align-items:baseline}
        .claim>div+div{border-top:1px solid var(--rule);background:var(--wash);font-size:.93rem}
        .claim p{margin:0}
        .claim .why{color:var(--faint);font-size:.86rem;margin:.1rem 0 0}
        .claim .seen{text-align:right;font-variant-numeric:tabular-nums;font-weight:600;max-width:18rem;overflow-wrap:anywhere}
        .verdict{display:inline-grid;place-items:center;width:1.4rem;height:1.4rem;border-radius:50%;font-size:.85rem;font-weight:700}
        .yes{background:var(--good-wash);color:var(--good)}
        .no{background:var(--bad-wash);color:var(--bad)}
        .open{background:var(--mark);color:var(--ink)}
        .claim .cause{font-size:.92rem}
        .prompt{display:grid;grid-template-columns:7.5rem 1fr;gap:.3rem 1rem;padding:.9rem 0;border-top:1px solid var(--rule)}
        .prompt:last-of-type{border-bottom:1px solid var(--rule)}
        .prompt>b{color:var(--faint);font-weight:600;font-size:.9rem;padding-top:.25rem;min-width:0;overflow-wrap:anywhere}
        .tokens{display:flex;flex-wrap:wrap;gap:.3rem .2rem;margin:0;padding:0;list-style:none}
        .tokens li{display:flex;flex-direction:column;align-items:center;background:var(--wash);border:1px solid transparent;\
        border-radius:5px;padding:.08rem .38rem .12rem;max-width:100%}
        .tokens .marked{background:var(--mark);border-color:var(--mark-edge);font-weight:650}
        .tokens bdi{font-family:var(--mono);font-size:.9rem;overflow-wrap:anywhere}
        .tokens small{color:var(--faint);font-size:.66rem;line-height:1.2;font-variant-numeric:tabular-nums;font-weight:400}
        .ws{color:var(--faint);opacity:.75}
        .next{grid-column:2;display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;color:var(--faint);font-size:.86rem;margin:.15rem 0 0;\
        padding:0;list-style:none}
        .next bdi{font-family:var(--mono);color:var(--ink)}
        .next i{display:inline-block;height:.5rem;background:var(--accent);border-radius:2px;vertical-align:baseline;margin:0 .3rem;\
        min-width:1px}
        .runs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:1.2rem;list-style:none;padding:0}
        .runs li{border:1px solid var(--rule);border-radius:10px;padding:1.1rem 1.2rem}
        .runs h2{margin:.1rem 0 .4rem;font-size:1.05rem}
        .runs p{font-size:.92rem}
        .runs .eyebrow{font-size:.72rem}
        .runs .meta{font-size:.82rem}

        """

    private static let dark: String = {
        var rules = """
            @media screen and (prefers-color-scheme:dark){
            :root{--paper:#15181d;--wash:#1d2127;--ink:#e8eaed;--faint:#a0a7b1;--rule:#333941;--grid:#2b3037;--accent:#79b4ee;\
            --good:#6fd3a8;--good-wash:#16352b;--bad:#ff9d7d;--bad-wash:#40221a;--mark:#463a14;--mark-edge:#b8912c}

            """
        for (name, color) in [
            ("ink", "#e8eaed"), ("faint", "#a0a7b1"), ("rule", "#6b737e"), ("grid", "#2b3037"), ("paper", "#15181d"),
        ] {
            rules += ".f-\(name){fill:\(color)}.s-\(name){stroke:\(color)}"
        }
        for (index, color) in SVGCanvas.Paint.darkSeries.enumerated() {
            rules += ".f-c\(index){fill:\(RGB(hex: color).hex)}.s-c\(index){stroke:\(RGB(hex: color).hex)}"
        }
        rules += ".missing{fill:#4a4f57}\n"
        for step in 0...ColorScale.steps {
            let place = Double(step) / Double(ColorScale.steps)
            rules += ".p\(step){fill:\(ColorScale.color(at: place, isDiverging: true, .dark).hex)}"
            rules += ".q\(step){fill:\(ColorScale.color(at: place, isDiverging: false, .dark).hex)}"
            if step > 0 { rules += ".n\(step){fill:\(ColorScale.color(at: -place, isDiverging: true, .dark).hex)}" }
        }
        return rules + "\n}\n"
    }()

    private static let print = """
        @media (max-width:640px){body{padding:1.6rem 1rem 3rem}h1{font-size:1.6rem}.prompt{grid-template-columns:1fr}\
        .next{grid-column:1}dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 .5rem}figure{padding:.9rem .8rem}\
        .claim>div{grid-template-columns:1.8rem 1fr}.claim .seen{grid-column:2;text-align:left}}
        @media print{html{font-size:11pt}body{max-width:none;padding:0}.tools,details{display:none}\
        figure,.claim,.prompt,tr{break-inside:avoid}.figures{gap:.8rem}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}

        """
}
