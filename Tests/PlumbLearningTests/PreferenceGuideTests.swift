import Foundation
import PlumbLearning
import PlumbTensor
import PlumbWorlds
import Testing

/// The code of the guide "Learning from preferences", kept running.
@Suite struct PreferenceGuideTests {
    @Test func theGuideRuns() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("guide-\(UUID()).jsonl")
        defer { try? FileManager.default.removeItem(at: url) }

        let hills = GaussianBumps(heights: [1, 0.5], width: 1.5, rows: 6, columns: 6, key: RandomKey(1))
        let grid = SlipperyGrid(
            rows: 6, columns: 6, slip: 0.1, reward: hills.values(rows: 6, columns: 6), stepLimit: 8)

        let teacher = BoltzmannTeacher(rationality: 2, noise: 0.1)
        var chance = RandomKey(1)["answers"].generator()
        func segment(_ index: Int) throws -> [Int] {
            let episode = try grid.episode(key: RandomKey(1)["segment"][index]) { _, random in
                grid.actions[random.index(below: grid.actions.count)]
            }
            return Array(episode.states.dropLast())
        }
        let answers = try (0..<200).map { index in
            try teacher.compare(segment(2 * index), segment(2 * index + 1), using: &chance) { grid.reward[$0] }
        }

        let file = PreferenceFile<Int>(url)
        try file.append(answers)
        let all = try file.read()
        #expect(all == answers && all.allSatisfy { $0.first.count == 8 })

        var learner = PreferenceLearner<Int>(inputs: 2, key: RandomKey(1)["learner"]) { cell in
            [Float(cell % 6) / 2.5 - 1, Float(cell / 6) / 2.5 - 1]
        }
        try learner.add(all)
        try learner.fit(key: RandomKey(1)["round"][0])
        let reward = try learner.reward(of: Array(0..<grid.cells))
        let plan = grid.process.rewarding(reward.map { [Double](repeating: $0, count: 4) }).optimal(discount: 0.9)
            .greedy
        #expect(plan.count == grid.cells && Statistics.spearman(reward, grid.reward) > 0.7)

        let members = try learner.memberRewards(of: Array(0..<grid.cells))
        let pairs = try (0..<50).map { try (segment(1000 + 2 * $0), segment(1001 + 2 * $0)) }
        let differences = members.map { reward in
            pairs.map { first, second in
                first.reduce(0) { $0 + reward[$1] } - second.reduce(0) { $0 + reward[$1] }
            }
        }
        let next = QuerySelection.disagreement.chosen(5, differences: differences).map { pairs[$0] }
        #expect(next.count == 5)
    }
}
