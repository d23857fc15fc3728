import Foundation

/// One thing to time; what a request's JSON leaves out has a default.
struct Request: Codable {
    /// `sweep`, `forward`, `decode`, `peak`, `bandwidth`, `cold`, or one of ``TrainingBench/tasks``, ``SparseBench/tasks``,
    /// ``WorldsBench/tasks``, ``AgentBench/tasks``, ``LanguageModelBench/tasks`` or ``CircuitBench/tasks``.
    var task: String
    var threads = 2
    /// Timed repeats; one more is run first and dropped.
    var repeats = 3
    var arithmetic = "float32"
    /// Forward and sweep: `smollm2` or `gpt2`, GPT-2-small's shape with random weights.
    var model = "smollm2"
    /// Blocks of the `gpt2` shape.
    var layers = 12
    /// Forward: prompts and tokens in each. Growth of a sweep: pairs and tokens.
    var shape = [1, 16]
    var site = "resid_pre"
    /// `indirect-object`, `first-token`, or tokens of `shape` that differ in the middle: `random`, or `shared` with the
    /// peers' scripts.
    var pair = "indirect-object"
    /// Decode: tokens of the prompt, and tokens decoded after it.
    var prompt = 512
    var new = 64
    /// Agents: the first seed, one a repeat, and the steps in the world where no goal ends training.
    var seed = 1
    var steps = 5_000

    init(
        task: String, model: String = "smollm2", layers: Int = 12, shape: [Int] = [1, 16], site: String = "resid_pre",
        pair: String = "indirect-object"
    ) {
        (self.task, self.model, self.layers, self.shape, self.site, self.pair) = (
            task, model, layers, shape, site, pair
        )
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(task: try values.decode(String.self, forKey: .task))
        threads = try values.decodeIfPresent(Int.self, forKey: .threads) ?? threads
        repeats = try values.decodeIfPresent(Int.self, forKey: .repeats) ?? repeats
        arithmetic = try values.decodeIfPresent(String.self, forKey: .arithmetic) ?? arithmetic
        model = try values.decodeIfPresent(String.self, forKey: .model) ?? model
        layers = try values.decodeIfPresent(Int.self, forKey: .layers) ?? layers
        shape = try values.decodeIfPresent([Int].self, forKey: .shape) ?? shape
        site = try values.decodeIfPresent(String.self, forKey: .site) ?? site
        pair = try values.decodeIfPresent(String.self, forKey: .pair) ?? pair
        prompt = try values.decodeIfPresent(Int.self, forKey: .prompt) ?? prompt
        new = try values.decodeIfPresent(Int.self, forKey: .new) ?? new
        seed = try values.decodeIfPresent(Int.self, forKey: .seed) ?? seed
        steps = try values.decodeIfPresent(Int.self, forKey: .steps) ?? steps
    }

    /// The forward passes of the table.
    static func forwardPasses() -> [Request] {
        ["gpt2", "smollm2"].flatMap { model in
            [[1, 16], [8, 128], [1, 1024]].map { Request(task: "forward", model: model, shape: $0) }
        }
    }

    /// Sweeps that differ in one size at a time.
    static func growth() -> [Request] {
        let layers = [3, 6, 12].map {
            Request(task: "sweep", model: "gpt2", layers: $0, shape: [1, 16], pair: "random")
        }
        let positions = [8, 16, 32, 64].map { Request(task: "sweep", shape: [1, $0], pair: "random") }
        let pairs = [2, 4].map { Request(task: "sweep", shape: [$0, 16], pair: "random") }
        return layers + positions + pairs
    }

    /// What the table calls it.
    var title: String {
        switch task {
        case "sweep":
            let subject = model == "gpt2" ? "GPT-2 shape, \(layers) layers" : "SmolLM2"
            let prompts = pair == "random" ? "\(shape[0]) pair(s) of \(shape[1]) tokens" : pair
            return "sweep of \(site), \(subject), \(prompts)"
        case "forward": return "forward, \(model), \(shape[0])×\(shape[1])"
        case "decode": return "prompt of \(prompt) tokens, \(new) decoded"
        case "train-sae": return "training step of a sparse autoencoder"
        case let task where task.hasPrefix("train-"): return "training step, \(task.dropFirst(6))"
        case let task where task.hasPrefix("world-"): return "gridworld steps, \(task.dropFirst(6))"
        case "agent-dqn": return "DQN to 195 on the cart-pole"
        case "agent-dqn-steps": return "DQN on the cart-pole, \(steps) steps"
        case "agent-ppo": return "PPO to 195 on the cart-pole"
        case "tune-sft": return "step of supervised fine-tuning, LoRA of rank 8, 4×256"
        case "tune-dpo": return "step of DPO, LoRA of rank 8, 4 pairs of 256 tokens"
        case "rollouts": return "16 completions of 48 tokens"
        case "ppo": return "round of PPO, 16 completions of 48 tokens"
        case "gcg": return "step of greedy coordinate gradients, 512 candidates"
        case "gcg-losses": return "losses of eight suffixes"
        case "eap": return "edge attribution patching, whole graph"
        case "eap-ig": return "edge attribution patching, five gradients"
        case "random-circuits": return "200 circuits of 3 % of the edges"
        case "paths": return "path patching, 512 paths from head to head"
        case "peak": return "matrix product 1024×1024×4096"
        case "bandwidth": return "reading memory"
        default: return "plumb predict, cold"
        }
    }
}

/// What was measured: a series for each figure, in the order of the repeats.
struct Answer: Codable {
    var tool = "plumbline"
    var request: Request
    var instructionSet: String
    var series: [String: [Double]]
    var details: [String: Double]

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

extension [Answer] {
    /// A table of medians with least and greatest values.
    func markdown() -> String {
        var lines = [
            "| what | arithmetic | threads | figure | median | min–max | details |", "|---|---|--:|---|--:|--:|---|",
        ]
        for answer in self {
            for (figure, values) in answer.series.sorted(by: { $0.key < $1.key }) {
                let range = "\(Self.text(values.min() ?? .nan))–\(Self.text(values.max() ?? .nan))"
                let details = answer.details.sorted { $0.key < $1.key }
                    .map { "\($0.key) \(Self.text($0.value))" }.joined(separator: ", ")
                lines.append(
                    "| \(answer.request.title) | \(answer.request.arithmetic) | \(answer.request.threads) | \(figure) "
                        + "| \(Self.text(values.median)) | \(range) | \(details) |")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func text(_ value: Double) -> String {
        abs(value) >= 100 || value == value.rounded() ? String(format: "%.0f", value) : String(format: "%.3g", value)
    }
}
