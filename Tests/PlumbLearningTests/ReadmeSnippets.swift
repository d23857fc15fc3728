import PlumbData
import PlumbLearning
import PlumbModels
import PlumbNN
import PlumbTensor
import PlumbWorlds

// What README shows, so that it is compiled; `ReadmeTests` compares the lines.

@MainActor func patchingOfReadme() async throws {
    let model = try await HookedTransformer.load("smollm2-135m")  // or a .gguf, a folder, a hub id
    let clean = try model.tokens("When Mary and John went to the store, John gave a drink to")
    let corrupted = try model.tokens("When Mary and John went to the store, Mary gave a drink to")
    let (mary, john) = (try model.token(" Mary"), try model.token(" John"))

    let (logits, cache) = model.run(clean, recording: .sites(.residPre))
    let patch = Intervention.patch(.block(12, .residPre), from: cache, position: 9)
    let patched = model.run(corrupted, with: [patch]).output  // logits [T, V]

    let cells = PatchSweep.cells(.residPre, layers: model.configuration.layers, positions: clean.count)
    let sweep = try PatchSweep().run(
        model, clean: clean, corrupted: corrupted, metric: .logitDifference(answer: mary, wrong: john),
        cells: cells.flatMap { $0 })  // sweep.values: one exact number a cell

    let run = try model.gradients(clean, recording: .sites(.residPre, .z)) { logits in  // one backward pass
        let last = logits[logits.shape[0] - 1]
        return last[mary] - last[john]
    }
    let heads = run.gradients[.block(3, .z)]  // [T, H, K], at every recorded hook point
    _ = (logits, patched, sweep, heads)
}

// swift-format-ignore
struct Network: ParameterTree {                                 // a model lists its parameters once
    var hidden: Linear, output: Linear
    mutating func visit(_ visitor: inout ParameterVisitor) { visitor("hidden", &hidden); visitor("output", &output) }
    func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
}

func trainingOfReadme(
    _ network: Network, _ images: Tensor, _ labels: [Int], _ batches: Batches, in session: FitSession
) throws {
    let fit = Fit(steps: 2_000)  // progress, curves, checkpoints; resumes bit for bit
    let trained = try fit.run(network, optimizer: Adam(learningRate: 1e-3), in: session) { network, step in
        let rows = batches.rows(step: step)
        return network(images.gathered(rows)).crossEntropy(rows.map { labels[$0] })
    }
    _ = trained
}

func worldsOfReadme(key: RandomKey) throws {
    let world = BoatRace()  // rules; a state is a value
    let episode = try world.replay("rrddlluu")  // the reward, and the hidden performance
    print(episode.totalReward, episode.totalPerformance)

    let training = AgentTraining(steps: 60_000)
    let agent = try training.run(
        PPO(), ActorCritic(CartPole(), key: key["network"]), optimizer: Adam(learningRate: 2e-3), in: CartPole(),
        key: key)
    _ = agent
}

/// The right column of README's table for users of TransformerLens.
func tableOfReadme(_ model: HookedTransformer, _ tokens: [Int], _ point: HookPoint, _ direction: Tensor) throws {
    let cache = model.run(tokens, recording: .all).cache
    _ = model.run(tokens).output
    _ = model.run(tokens, recording: .all)
    _ = model.run(tokens, recording: .sites(.residPre))
    _ = (cache["blocks.3.attn.hook_z"], cache[.block(3, .z)])
    let changes: [Intervention] = [
        Intervention("double", at: point) { $0 * 2 },
        .patch(.block(12, .residPre), from: cache, position: 9),
        .ablate(.block(9, .z), head: 6),
        .steer(point, by: direction, scale: 4),
    ]
    _ = model.run(tokens, with: changes)
    _ = try model.gradients(tokens, recording: .sites(.z)) { $0[0][0] }
    _ = try model.generate(tokens, maxTokens: 20)
    _ = (model.hookPoints, model.configuration.layers)
}
