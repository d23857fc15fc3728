import ArgumentParser
import PlumbTensor
import PlumbWorlds

/// Times gridworld steps: random actions in a batch of episodes, on one core. Drawing the actions and beginning new
/// episodes is part of the time; peers/gridworlds_pycolab.py does the same.
struct WorldsBench {
    /// The tasks it knows.
    static let tasks = ["world-boat-race", "world-sokoban"]

    /// Steps a second, one a repeat.
    func measure(_ request: Request) throws -> [Double] {
        switch request.task {
        case "world-boat-race": rates(BoatRace(), request.repeats)
        case "world-sokoban": rates(SokobanSideEffects(), request.repeats)
        default: throw BenchError("no world task \(request.task): have \(Self.tasks.joined(separator: ", "))")
        }
    }

    private func rates<W: World>(_ world: W, _ repeats: Int) -> [Double] where W.Action == Move {
        let (lanes, rounds) = (64, 50_000)
        var batch = WorldBatch(world, count: lanes, key: RandomKey(1))
        var random = RandomKey(2).generator()
        var actions = [Move](repeating: .up, count: lanes)
        var total = 0.0
        func run() {
            for _ in 0..<rounds {
                // Two bits a lane: 64 lanes take two words.
                var (bits, left) = (UInt64(0), 0)
                for lane in 0..<lanes {
                    if left == 0 { (bits, left) = (random.next(), 32) }
                    actions[lane] = Move.allCases[Int(bits & 3)]
                    bits >>= 2
                    left -= 1
                }
                batch.step(actions)
                total += batch.results[0].reward
            }
        }
        let clock = ContinuousClock()
        run()
        return (0..<repeats).map { _ in Double(lanes * rounds) / (clock.measure { run() } / .seconds(1)) }
    }
}

/// Needs no language model.
struct WorldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worlds", abstract: "Gridworld steps a second, one core.")
    @Option(help: "Timed repeats after a warm-up.") var repeats = 5

    func run() async throws {
        var answers: [Answer] = []
        for task in WorldsBench.tasks {
            var request = Request(task: task)
            (request.threads, request.repeats) = (1, repeats)
            let rates = try WorldsBench().measure(request)
            let answer = Answer(
                request: request, instructionSet: Compute.instructionSet, series: ["steps_per_second": rates],
                details: [:])
            print(try answer.line())
            answers.append(answer)
        }
        print("\n" + answers.markdown())
    }
}
