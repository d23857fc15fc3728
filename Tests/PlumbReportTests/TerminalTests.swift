import Foundation
import PlumbRecords
import PlumbReport
import Synchronization
import Testing

@Suite struct TerminalTests {
    @Test func tablesAlignWhateverTheirLetters() {
        let table = TerminalTable(
            columns: [.init("token"), .init("value", .right)],
            rows: [["a", "1.5"], ["日本", "-22"], ["e\u{301}🙂", "3"], ["\u{1B}[2Jx\n", "4"]])
        #expect(
            table.render() == """
                token          value
                ─────────────  ─────
                a                1.5
                日本             -22
                e\u{301}🙂                3
                ⟨U+001B⟩[2Jx       4

                """)
    }

    @Test func tablesStayWithinTheTerminal() {
        let table = TerminalTable(
            columns: [.init("name"), .init("n", .right), .init("why")],
            rows: [[String(repeating: "x", count: 90), "123456", String(repeating: "y", count: 50)]])
        for width in [30, 60, 80, 200] {
            let lines = table.render(TerminalStyle(width: width)).split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= width })
            #expect(lines.contains { $0.contains("123456") })
            // Nothing is cut.
            #expect(lines.joined().count { $0 == "x" } == 90)
            #expect(lines.joined().count { $0 == "y" } == 51)
        }
    }

    /// A damaged record may hold a text of megabytes: what is drawn of it has an end, and comes soon.
    @Test func textsWithoutEndAreCutAndBrokenSoon() {
        let endless = String(repeating: "x", count: 200_000)
        let start = ContinuousClock.now
        let table = TerminalTable(columns: [.init("name"), .init("n", .right)], rows: [[endless, "7"]])
        let shown = table.render(TerminalStyle(width: 40))
        #expect(shown.count { $0 == "x" } == 3_999 && shown.contains("…"))
        let paragraph = TerminalStyle(width: 40).paragraph(endless)
        #expect(paragraph.count { $0 == "x" } == 200_000)
        #expect(paragraph.split(separator: "\n").allSatisfy { $0.count <= 40 })
        #expect(ContinuousClock.now - start < .seconds(20), "breaking a line looks at the whole rest of it")
    }

    @Test func columnsThatWrapLoseNoWord() {
        let table = TerminalTable(
            columns: [.init("id"), .init("what it asks"), .init("n", .right)],
            rows: [["a", "Does a network learn more than it was shown?", "3"], ["b", "", "4"]])
        #expect(
            table.render(TerminalStyle(width: 30)) == """
                id  what it asks             n
                ──  ───────────────────────  ─
                a   Does a network learn     3
                    more than it was shown?
                b                            4

                """)
    }

    @Test func paragraphsStayWithinTheTerminal() {
        #expect(TerminalStyle(width: 20).paragraph("one two three four five six") == "  one two three four\n  five six")
    }

    @Test func metricsShowUnitsIntervalsAndCounts() {
        let text = TerminalTable(metrics: Fixture.findings.metrics).render()
        #expect(
            text == """
                metric                      value  unit      values or 95 % interval     n
                ──────────────────────────  ─────  ────────  ───────────────────────  ────
                clean_logit_difference       6.12  logits                                1
                corrupted_logit_difference  -5.49  logits                                1
                sweep_seconds               0.287  s
                strongest_effect             1.01  of clean  [0.981, 1.02]              12
                cells                        1530                                     1530

                """)
    }

    private let small = Table(
        "t", title: "T", rowLabel: "layer", columnLabel: "position", rows: ["0", "1"],
        columns: ["When", " Mary", " to"], values: [[0, 6, -3], [0, .nan, 1.25]])

    private let smallMap = HeatMap(
        table: "t", title: "Effect", caption: "", center: 0, valueLabel: "logits",
        references: [ReferenceValue("clean", 5)], columnsAreTokens: true, markedColumns: [1], markLabel: "differs")

    @Test func heatMapsReadWithoutColor() {
        #expect(
            TerminalHeatMap(smallMap, table: small).render(TerminalStyle(width: 40)) == """
                Effect
                      When   ·Mary  ·to
                layer │      ▼      │
                    0 ·      █  6.00▒ -3.00
                    1 ·      ?      ░  1.25
                logits -3 ▒░░·░░▒▓▓█ 6
                neutral 0 · clean 5
                ▼ differs

                """)
    }

    @Test func heatMapsColorCellsOnlyWhereColorIsAllowed() {
        let map = TerminalHeatMap(smallMap, table: small)
        #expect(!map.render(.plain).contains("\u{1B}"))
        #expect(!TerminalReport(Fixture.hostile).render(.plain).contains("\u{1B}"))
        let rich = map.render(TerminalStyle(width: 80, color: .trueColor))
        // The strongest value has the deepest blue with white digits on it.
        #expect(rich.contains("\u{1B}[48;2;10;47;99;38;2;255;255;255m   6.00\u{1B}[0m"))
        #expect(map.render(TerminalStyle(width: 80, color: .ansi256)).contains("\u{1B}[48;5;"))
        #expect(!map.render(TerminalStyle(width: 80, color: .basic)).contains("48;"))
    }

    @Test func wideHeatMapsContinueBelow() {
        let count = 100
        let wide = Table(
            "t", title: "T", rowLabel: "layer", columnLabel: "position", rows: ["0"],
            columns: (0..<count).map(String.init), values: [(0..<count).map(Double.init)])
        for width in [40, 80, 120, 200] {
            let text = TerminalHeatMap(HeatMap(table: "t", title: "", caption: ""), table: wide)
                .render(TerminalStyle(width: width))
            let lines = text.split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= width }, "width \(width)")
            let cells = lines.filter { $0.hasPrefix("    0 ") }.joined().filter { "·░▒▓█".contains($0) }.count
            #expect(cells == count, "width \(width)")
        }
    }

    @Test func reportsFitTheTerminalAndBeginWithTheMeaning() {
        for width in [50, 80, 120, 200] {
            for record in [Fixture.record, Fixture.large, TrainingFixture.record] {
                let text = TerminalReport(record).render(TerminalStyle(width: width))
                #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(width)")
                #expect(!text.contains("…"), "nothing is cut at \(width)")
                #expect(text.hasPrefix("Activation patching\nUp to layer 21 the answer sits"))
            }
        }
        #expect(
            TerminalReport(Fixture.record).brief() == """
                Activation patching
                Up to layer 21 the answer sits in the residual stream at the repeated name; by
                layer 24 attention has moved it to the last position. Four heads do most of the
                moving, and patching any token before the difference changes nothing.
                1 of 2 claims holds, 1 does not.

                """)
        let claims = TerminalReport(Fixture.record).claims()
        #expect(claims.contains("✗ A single head restores more than half of the answer: 0.34 of clean (at least"))
        #expect(claims.contains("\n  ✓ control: The median head"))
    }

    @Test func colorFollowsTheEnvironment() {
        func depth(_ environment: [String: String], isTerminal: Bool = true) -> TerminalStyle.ColorDepth {
            TerminalStyle.detect(environment: environment, isTerminal: isTerminal, width: 80).color
        }
        #expect(depth(["TERM": "xterm-256color"]) == .ansi256)
        #expect(depth(["TERM": "xterm-256color", "COLORTERM": "truecolor"]) == .trueColor)
        #expect(depth(["TERM": "xterm"]) == .basic)
        #expect(depth(["TERM": "xterm-256color"], isTerminal: false) == .none)
        #expect(depth(["TERM": "xterm-256color", "NO_COLOR": "1"]) == .none)
        #expect(depth(["TERM": "xterm-256color", "NO_COLOR": ""]) == .ansi256)
        #expect(depth(["TERM": "dumb"]) == .none)
        #expect(depth([:]) == .none)
        #expect(TerminalStyle.detect(environment: ["COLUMNS": "132"], isTerminal: false, width: nil).width == 132)
    }
}

@Suite struct ProgressTests {
    @Test func linesShowTheTimeLeft() {
        let line = ProgressLine(label: "sweep", fraction: 0.25, elapsed: 10)
        #expect(line.remaining == 30)
        #expect(line.render(.plain) == "sweep  ██████████                                 25 %  ETA 30.0 s")
        #expect(ProgressLine(label: "sweep", fraction: 1, elapsed: 0.31).render(.plain) == "✓ sweep  310 ms")
        for width in [20, 30, 50, 80] {
            for fraction in [0, 0.011, 0.333, 0.999, 1] {
                let label = String(repeating: "long ", count: 30)
                let text = ProgressLine(label: label, fraction: fraction, elapsed: 7200).render(
                    TerminalStyle(width: width))
                #expect(text.count < width, "\(width) \(fraction) \(text.count)")
            }
        }
    }

    @Test func linesShowStepsAndValuesWhereTheyFit() {
        let detail = RunProgress(380, of: 1000, values: [.init("loss", 2.3149), .init("accuracy", 0.25)])
        func line(_ width: Int, _ fraction: Double = 0.38) -> String {
            ProgressLine(label: "training", fraction: fraction, elapsed: 7.4, detail: detail)
                .render(TerminalStyle(width: width))
        }
        #expect(
            line(100)
                == "training  ███████▌               38 %  step 380/1000  loss 2.31  accuracy 0.25  ETA 12.1 s")
        #expect(line(80) == "training  ██████▍             38 %  step 380/1000  loss 2.31  ETA 12.1 s")
        #expect(line(100, 1) == "✓ training  7.40 s  step 380/1000  loss 2.31  accuracy 0.25")
        for width in 20...120 {
            for fraction in [0, 0.011, 0.38, 0.999, 1] {
                #expect(line(width, fraction).count < width, "\(width) \(fraction)")
            }
        }
    }

    @Test func timeLeftOfAResumedRunCountsFromWhereItBegan() {
        let line = ProgressLine(label: "training", fraction: 0.75, elapsed: 10, start: 0.5)
        #expect(line.remaining == 10)
    }

    @Test func progressIsDrawnOnTerminalsOnly() {
        for isTerminal in [true, false] {
            let written = Mutex("")
            let progress = TerminalProgress(style: .plain, isTerminal: isTerminal) { text in
                written.withLock { $0 += text }
            }
            func send(_ kind: RunEvent.Kind, _ milliseconds: Int64) {
                progress.receive(RunEvent(kind, time: Timestamp(milliseconds: milliseconds)))
            }
            send(.progress(label: "sweep", fraction: 0), 0)
            send(.progress(label: "sweep", fraction: 0.1), 50)
            send(.progress(label: "sweep", fraction: 0.5), 1000)
            send(.note("halfway"), 1000)
            send(.progress(label: "sweep", fraction: 1), 2000)
            send(.finished, 2000)
            let text = written.withLock { $0 }
            guard isTerminal else {
                #expect(text.isEmpty)
                continue
            }
            #expect(!text.contains("10 %"))
            #expect(text.contains("50 %  ETA 1.00 s\nhalfway\n"))
            #expect(text.hasSuffix("\n"))
        }
    }
}

@Suite struct NumberTextTests {
    @Test func numbersReadAsPeopleWriteThem() {
        for (value, text) in [
            (6.1196, "6.12"), (-5.4853, "-5.49"), (0.34, "0.34"), (0, "0"), (1530, "1530"), (1234.56, "1235"),
            (12_345.6, "12,346"), (-1_234_567, "-1,234,567"), (1.5e-7, "1.5×10⁻⁷"), (2.5e9, "2,500,000,000"),
            (2.5e19, "2.5×10¹⁹"), (.nan, "nan"), (-.infinity, "-inf"), (99_999.96, "100,000"), (0.9756, "0.976"),
            (0.99992, "0.9999"), (-0.9996, "-0.9996"), (0.999_999_9, "1"), (1.0002, "1"), (-0.000_079_71, "-0.00008"),
            (-0.000_012_3, "-0.000012"), (0.003_14, "0.00314"), (.leastNonzeroMagnitude, "4.9×10⁻³²⁴"),
            (1e308, "1.0×10³⁰⁸"),
        ] as [(Double, String)] {
            #expect(NumberText.value(value) == text)
        }
        // Beside something much larger, what is nearly nothing is 0.0.
        #expect(NumberText.value(-7.971e-5, scale: 2) == "0.0")
        #expect(NumberText.value(-7.971e-5, scale: 0.5) == "-0.00008")
        #expect(NumberText.fixed(-0.0004, decimals: 2) == "0.00")
        #expect(NumberText.exact(0.1 + 0.2) == "0.30000000000000004")
        #expect(NumberText.duration(0.0004) == "0 ms")
        #expect(NumberText.duration(0.31) == "310 ms")
        #expect(NumberText.duration(12.44) == "12.4 s")
        #expect(NumberText.duration(59.97) == "1 min 00 s")
        #expect(NumberText.duration(185) == "3 min 05 s")
        #expect(NumberText.duration(7800) == "2 h 10 min")
        #expect(NumberText.duration(.nan) == "?")
        #expect(NumberText.bytes(98_000_000) == "98.0 MB")
        #expect(NumberText.bytes(999) == "999 bytes")
    }

    @Test func tokensShowTheirWhiteSpace() {
        #expect(VisibleText.token(" Mary") == "·Mary")
        #expect(VisibleText.token("\n\n") == "⏎⏎")
        #expect(VisibleText.token("") == "∅")
        #expect(VisibleText.token("\u{0}\u{7F}\u{202E}\u{200B}") == "⟨U+0000⟩⟨U+007F⟩⟨U+202E⟩⟨U+200B⟩")
        #expect(VisibleText.token("👩‍👩‍👧") == "👩‍👩‍👧")
    }
}
