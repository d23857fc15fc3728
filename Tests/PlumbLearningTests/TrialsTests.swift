import Foundation
import PlumbLearning
import PlumbRecords
import PlumbTensor
import Synchronization
import Testing

@Suite struct TrialsTests {
    private func numbers(_ width: Int) async throws -> [[Double]] {
        var trials = Trials(seed: 7, count: 5)
        trials.width = width
        return try await trials.run("numbers") { trial in
            var random = trial.key.generator()
            return (0..<3).map { _ in random.uniform() }
        }
    }

    @Test func whatATrialGivesDoesNotDependOnHowManyRunAtOnce() async throws {
        let one = try await numbers(1)
        #expect(try await numbers(4) == one)
        #expect(Set(one.flatMap { $0 }).count == 15)
        var random = RandomKey(Trials(seed: 7, count: 3).seeds[2]).generator()
        #expect(one[2][0] == random.uniform(), "a trial draws from its seed alone")
    }

    @Test func runsOfNeighboringSeedsShareNoTrial() {
        let seeds = (0..<50).flatMap { Trials(seed: $0, count: 20).seeds }
        #expect(Set(seeds).count == seeds.count)
        #expect(seeds.allSatisfy { $0 <= UInt32.max }, "they can be read and typed")
        #expect(Trials(seed: 3, count: 2).seeds == Array(Trials(seed: 3, count: 5).seeds.prefix(2)))
    }

    @Test func finishedTrialsAreKept() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trials-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let calls = Mutex(0)
        @Sendable func trial(_ trial: Trials.Trial, failing: Int?) throws -> [Double] {
            if trial.index == failing { throw RunInterrupted() }
            calls.withLock { $0 += 1 }
            return [Double(trial.seed) / 3, .nan, .infinity]
        }
        var trials = Trials(seed: 1, count: 3, session: FitSession(checkpoints: folder))
        trials.width = 1
        await #expect(throws: RunInterrupted.self) { try await trials.run("a b") { try trial($0, failing: 2) } }
        #expect(calls.withLock { $0 } == 2)
        let outcomes = try await trials.run("a b") { try trial($0, failing: nil) }
        #expect(calls.withLock { $0 } == 3, "two were kept")
        _ = try await trials.run("a-b") { try trial($0, failing: nil) }
        #expect(calls.withLock { $0 } == 6, "a label of its own has trials of its own")
        #expect(outcomes.map { $0[0] } == trials.seeds.map { Double($0) / 3 } && outcomes.allSatisfy { $0[1].isNaN })
        try Data("[1".utf8).write(to: folder.appendingPathComponent("a_20b-0.json"))
        let error = await #expect(throws: FitError.self) {
            try await trials.run("a b") { try trial($0, failing: nil) }
        }
        #expect(error?.description.contains("a_20b-0.json cannot be read") == true)
    }
}
