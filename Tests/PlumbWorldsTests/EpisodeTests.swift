import PlumbTensor
import PlumbWorlds
import Testing

/// A walk on whole numbers from 0: over at +3 with a reward, with a penalty a step.
private struct Walk: NumericWorld {
    enum Action: CaseIterable, Hashable, Sendable { case back, on }
    var stepLimit: Int?
    var reward = -1.0
    var numbers = 1

    func start(using random: inout RandomKey.Generator) -> Int { 0 }
    func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
        state += action == .on ? 1 : -1
        return StepResult(reward: state == 3 ? 10 : reward, performance: 1, isOver: state == 3)
    }
    typealias Observation = Int
    var featureShape: [Int] { [1] }
    func features(of observation: Int) -> [Float] { [Float](repeating: Float(observation), count: numbers) }
}

@Suite struct EpisodeTests {
    @Test func anEpisodeHoldsWhatHappened() throws {
        let episode = try Walk().episode(key: RandomKey(1)) { _, _ in .on }
        #expect(episode.states == [0, 1, 2, 3])
        #expect(episode.totalReward == 8 && episode.totalPerformance == 3)
        #expect(!episode.isCut)
    }

    @Test func worldsCutEpisodesOff() throws {
        let episode = try Walk(stepLimit: 5).episode(key: RandomKey(1)) { _, _ in .back }
        #expect(episode.actions.count == 5 && episode.isCut)
        #expect(try Walk(stepLimit: 5).episode(key: RandomKey(1), limit: 2) { _, _ in .back }.actions.count == 2)
    }

    @Test func aPolicyThatNeverEndsAnEpisodeIsAnError() {
        let error = #expect(throws: WorldError.self) { try Walk().episode(key: RandomKey(1)) { _, _ in .back } }
        #expect(error?.description.contains("did not end the episode of Walk in 1000000 steps") == true)
    }

    @Test func aRewardThatIsNoNumberIsAnError() {
        let error = #expect(throws: WorldError.self) {
            try Walk(reward: .nan).episode(key: RandomKey(1)) { _, _ in .on }
        }
        #expect(error?.description.contains("reward nan") == true && error?.description.contains("step 1") == true)
    }

    @Test func observationsKeepTheirShape() throws {
        #expect(try Walk().checkedFeatures(of: 2) == [2])
        let error = #expect(throws: WorldError.self) { try Walk(numbers: 2).checkedFeatures(of: 2) }
        #expect(error?.description.contains("promised observations of shape [1]") == true)
    }

    @Test func lanesDoNotKnowOfEachOther() {
        let few = lanes(2), many = lanes(5)
        #expect(Array(many.prefix(2)) == few)
    }

    private func lanes(_ count: Int) -> [[Int]] {
        var batch = WorldBatch(Coin(), count: count, key: RandomKey(4))
        var history = [[Int]](repeating: [], count: count)
        for _ in 0..<20 {
            batch.step([Coin.Action](repeating: .toss, count: count))
            for lane in 0..<count { history[lane].append(batch.states[lane]) }
        }
        return history
    }

    @Test func aLaneBeginsAnewWhenItsEpisodeEnds() {
        var batch = WorldBatch(Walk(stepLimit: 4), count: 2, key: RandomKey(2))
        for step in 1...4 {
            batch.step([.on, .back])
            #expect(batch.ended.map(\.lane) == (step == 3 ? [0] : step == 4 ? [1] : []))
            if step == 3 {
                #expect(batch.ended.first?.state == 3 && batch.ended.first?.isCut == false)
                #expect(batch.states == [0, -3] && batch.results[0].reward == 10)
            }
            if step == 4 { #expect(batch.ended.first?.isCut == true && batch.ended.first?.steps == 4) }
        }
    }

    private struct Coin: World {
        enum Action: CaseIterable, Hashable, Sendable { case toss }
        typealias Observation = Int
        func start(using random: inout RandomKey.Generator) -> Int { 0 }
        func step(_ state: inout Int, _ action: Action, using random: inout RandomKey.Generator) -> StepResult {
            state = random.index(below: 1000)
            return StepResult(reward: 0, isOver: state < 100)
        }
    }
}
