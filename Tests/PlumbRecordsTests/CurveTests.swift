import Foundation
import PlumbRecords
import Testing

@Suite struct CurveTests {
    private func point(_ name: String, _ x: Double, _ y: Double) -> RunEvent {
        RunEvent(.point(series: name, x: x, y: y))
    }

    @Test func namesSayWhereACurveIsDrawn() {
        let curves = ["loss/train", "loss/validation/long", "accuracy", "/odd", ""].map { Curve($0, x: [], y: []) }
        #expect(curves.map(\.chart) == ["loss", "loss", "accuracy", "odd", ""])
        #expect(curves.map(\.line) == ["train", "validation/long", "accuracy", "/odd", ""])
    }

    @Test func pointsBecomeCurvesInTheOrderOfTheirBeginning() {
        let recorder = CurveRecorder()
        for step in 0..<3 {
            recorder.receive(point("loss/train", Double(step), Double(10 - step)))
            if step == 1 { recorder.receive(point("accuracy", 1, 0.5)) }
        }
        #expect(
            recorder.curves == [
                Curve("loss/train", x: [0, 1, 2], y: [10, 9, 8]), Curve("accuracy", x: [1], y: [0.5]),
            ])
    }

    @Test func pointsThatAreNoNumbersAreCountedAndLeftOut() {
        let recorder = CurveRecorder()
        for (x, y) in [(0, 1), (1, .nan), (2, .infinity), (.nan, 1), (3, 2)] as [(Double, Double)] {
            recorder.receive(point("loss", x, y))
        }
        #expect(recorder.curves == [Curve("loss", x: [0, 3], y: [1, 2], omitted: 3, firstOmitted: 1)])
    }

    @Test func laterPointsSupersedeWhatWasBeforeTheyWereReached() {
        let recorder = CurveRecorder()
        for step in 0..<6 { recorder.receive(point("loss", Double(step), 1)) }
        recorder.receive(point("loss", 4, .nan))
        recorder.receive(point("test", 5, 7))
        recorder.receive(RunEvent(.resumed(commandLine: [])))
        for step in 3..<5 { recorder.receive(point("loss", Double(step), 2)) }
        // What the second part never reached is gone; a series it never touched stays.
        #expect(
            recorder.curves == [Curve("loss", x: [0, 1, 2, 3, 4], y: [1, 1, 1, 2, 2]), Curve("test", x: [5], y: [7])])
        recorder.receive(point("loss", 4, 3))
        recorder.receive(point("loss", 2, 9))
        #expect(recorder.curves[0] == Curve("loss", x: [0, 1, 2, 3, 4], y: [1, 1, 9, 2, 3]))
    }

    @Test(arguments: [0.0, 1.0])
    func thinningKeepsEndsAndExtremes(first: Double) {
        let size = 100_000
        let x = (0..<size).map { Double($0) + first }
        var y = x.map { 3 / (1 + $0 / 100) }
        y[31_234] = 40
        y[77_777] = -5
        let thin = Curve("loss", x: x, y: y).thinned(to: 400)
        #expect(thin.x.count <= 400 && thin.x.count > 150)
        #expect(thin.count == size)
        #expect(thin.x.first == x.first && thin.x.last == x.last)
        #expect(thin.y.contains(40) && thin.y.contains(-5))
        #expect(zip(thin.x, thin.x.dropFirst()).allSatisfy { $0 < $1 })
        // On a logarithmic axis the first hundredth of the steps is two fifths of the width.
        if first > 0 { #expect(thin.x.count { $0 <= 1000 } > 80) }
        let short = Curve("loss", x: [0, 1], y: [1, 2])
        #expect(short.thinned(to: 400) == short)
    }

    @Test func recordsCarryCurvesAndOldOnesStillDecode() throws {
        var record = Fixture.record()
        let without = try record.json()
        #expect(!String(decoding: without, as: UTF8.self).contains("\"curves\""))
        #expect(try RunRecord(json: without).curves.isEmpty)
        record.curves = [Curve("loss/train", x: [1, 2], y: [3, 4], count: 900, omitted: 2, firstOmitted: 7)]
        #expect(try RunRecord(json: record.json()).curves == record.curves)
        #expect(try record.contract()["curves"]?[0]?["y"]?[1]?.double == 4)
    }
}

@Suite struct ReporterTests {
    /// Fails the test when it is asked for.
    private func unwanted<T>(_ value: T) -> T {
        Issue.record("evaluated although nobody listens")
        return value
    }

    @Test func nothingIsEvaluatedWhenNobodyListens() {
        let context = RunContext(seed: 0)
        context.progress(unwanted("training"), 1, of: 2, values: unwanted([("loss", 1)]))
        context.progress(unwanted("training"), unwanted(0.5))
        context.point(unwanted("loss"), x: 1, y: unwanted(2))
        context.note(unwanted("a sentence"))
        context.metric(unwanted(Metric("m", 1)))
        #expect(!context.reporter.isObserved)
    }

    @Test func progressCarriesStepsAndValues() throws {
        try Fixture.withFolder { root in
            let folder = try RunStore(directory: root).create(experiment: "e", settings: .null)
            let context = RunContext(seed: 0, observer: folder, checkpointFolder: folder.checkpointFolder)
            context.progress("training", 380, of: 1000, values: [("loss", 2.31), ("rate", .nan)])
            context.progress("training", 0, of: 0, unit: "epoch", values: [])
            context.point("loss/train", x: 3, y: .infinity)
            let events = RunEntry(reading: folder.url).events().map(\.kind)
            try #require(events.count == 3)
            guard case .progress("training", 0.38, let detail) = events[0] else {
                Issue.record("\(events[0])")
                return
            }
            #expect(detail?.done == 380 && detail?.total == 1000 && detail?.unit == "step")
            #expect(detail?.values.first == RunProgress.Value("loss", 2.31))
            #expect(detail?.values.last?.value.isNaN == true)
            #expect(events[2] == .point(series: "loss/train", x: 3, y: .infinity))
        }
    }

    @Test func progressIsLoggedTwiceASecondAtMost() throws {
        try Fixture.withFolder { root in
            let folder = try RunStore(directory: root).create(experiment: "e", settings: .null)
            for step in 0..<1000 {
                let time = Timestamp(milliseconds: Int64(step) * 10)
                folder.receive(RunEvent(.progress(label: "training", fraction: Double(step) / 1000), time: time))
            }
            #expect(RunEntry(reading: folder.url).events().count == 20)
        }
    }
}
