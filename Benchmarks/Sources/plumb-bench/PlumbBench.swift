import ArgumentParser
import Foundation
import PlumbTensor

/// Times Plumbline: one answer, a JSON object, a line.
@main
struct PlumbBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plumb-bench", abstract: "Time Plumbline.",
        subcommands: [
            SweepCommand.self, ForwardCommand.self, DecodeCommand.self, GrowthCommand.self, ColdCommand.self,
            TrainCommand.self, WorldsCommand.self, AgentCommand.self, LanguageModelCommand.self, CircuitCommand.self,
            ServeCommand.self, AllCommand.self,
        ])
}

/// What every timing can be told.
struct CommonOptions: ParsableArguments {
    @Option(help: "A name (smollm2-135m), a .gguf file or a folder.") var model = "smollm2-135m"
    @Option(help: "Numbers of threads, one measurement each.", transform: Self.integers) var threads = [1, 2]
    @Option(help: "Timed repeats after a warm-up.") var repeats = 3
    @Option(help: "float32, or bfloat16 for the faster and less exact products.") var arithmetic = "float32"

    static func integers(_ text: String) throws -> [Int] {
        try text.split(separator: ",").map { part in
            guard let value = Int(part), value > 0 else {
                throw ValidationError("\(part) is not a positive whole number")
            }
            return value
        }
    }

    /// `request` once for each number of threads.
    func perThreads(_ request: Request) -> [Request] {
        threads.map { threads in
            var request = request
            request.threads = threads
            request.repeats = repeats
            request.arithmetic = arithmetic
            return request
        }
    }
}

/// Answers requests and prints the answers, then the table.
func measure(_ requests: [Request], options: CommonOptions, table: Bool = true) async throws {
    let bench = try await Workbench(model: options.model)
    var answers: [Answer] = []
    for request in requests {
        let answer = try bench.answer(request)
        print(try answer.line())
        answers.append(answer)
    }
    if table { print("\n" + answers.markdown()) }
}

/// The same for tasks by name, comma-separated.
func measure(tasks: String, options: CommonOptions) async throws {
    let requests = tasks.split(separator: ",").flatMap { options.perThreads(Request(task: String($0))) }
    try await measure(requests, options: options)
}

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sweep", abstract: "Activation-patching sweeps.")
    @OptionGroup var options: CommonOptions
    @Option(help: "Sites, comma-separated: resid_pre, attn_out, mlp_out, z.") var sites = "resid_pre,z"

    func run() async throws {
        var requests: [Request] = []
        for site in sites.split(separator: ",") {
            requests += options.perThreads(Request(task: "sweep", site: String(site)))
        }
        requests += options.perThreads(Request(task: "sweep", pair: "first-token"))
        try await measure(requests, options: options)
    }
}

struct ForwardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forward", abstract: "Forward passes with logits at every position.")
    @OptionGroup var options: CommonOptions

    func run() async throws {
        let requests = Request.forwardPasses().flatMap(options.perThreads)
        try await measure(requests, options: options)
    }
}

struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Tokens a second: a 512-token prompt, then greedy decoding.")
    @OptionGroup var options: CommonOptions

    func run() async throws { try await measure(options.perThreads(Request(task: "decode")), options: options) }
}

struct GrowthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth", abstract: "How a sweep's time grows, and what part of the machine's rate it gets.")
    @OptionGroup var options: CommonOptions

    func run() async throws {
        let requests = ([Request(task: "peak")] + Request.growth()).flatMap(options.perThreads)
        try await measure(requests, options: options)
    }
}

struct ColdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict-cold", abstract: "`plumb predict` from process start to printed answer.")
    @OptionGroup var options: CommonOptions

    func run() async throws {
        let requests = options.perThreads(Request(task: "cold"))
        try await measure(requests, options: options)
    }
}

struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Training steps: forward, backward and the optimizer's update.")
    @OptionGroup var options: CommonOptions
    @Option(help: "Tasks, comma-separated.") var tasks = TrainingBench.tasks.joined(separator: ",")

    func run() async throws { try await measure(tasks: tasks, options: options) }
}

struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents", abstract: "Agents that learn the cart-pole; repeats are seeds.")
    @OptionGroup var options: CommonOptions
    @Option(help: "Tasks, comma-separated.") var tasks = AgentBench.tasks.joined(separator: ",")

    func run() async throws { try await measure(tasks: tasks, options: options) }
}

struct LanguageModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "language-models", abstract: "Fine-tuning, PPO and suffixes of SmolLM2.")
    @OptionGroup var options: CommonOptions
    @Option(help: "Tasks, comma-separated.") var tasks = LanguageModelBench.timed.joined(separator: ",")

    func run() async throws { try await measure(tasks: tasks, options: options) }
}

struct CircuitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "circuits", abstract: "Scores of edges, circuits, and paths between heads.")
    @OptionGroup var options: CommonOptions
    @Option(help: "Tasks, comma-separated.") var tasks = CircuitBench.timed.joined(separator: ",")

    func run() async throws { try await measure(tasks: tasks, options: options) }
}

struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "all", abstract: "Every measurement, with its table.")
    @OptionGroup var options: CommonOptions

    func run() async throws {
        var requests = [Request(task: "peak"), Request(task: "cold")]
        requests += [
            Request(task: "sweep"), Request(task: "sweep", pair: "first-token"), Request(task: "sweep", site: "z"),
        ]
        requests += Request.forwardPasses() + [Request(task: "decode")] + Request.growth()
        let tasks = TrainingBench.tasks + AgentBench.tasks + LanguageModelBench.timed + CircuitBench.timed
        requests += tasks.map { Request(task: $0) }
        var worlds = WorldsBench.tasks.map { Request(task: $0) }
        for index in worlds.indices { (worlds[index].threads, worlds[index].repeats) = (1, options.repeats) }
        try await measure(requests.flatMap(options.perThreads) + worlds, options: options)
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answer requests, one JSON object a line, until the input ends.")
    @Option(help: "A name (smollm2-135m), a .gguf file or a folder.") var model = "smollm2-135m"

    func run() async throws {
        let bench = try await Workbench(model: model)
        write(try JSONEncoder().encode(["ready": true]))
        while let line = readLine() {
            guard !line.isEmpty else { continue }
            do {
                let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
                write(Data(try bench.answer(request).line().utf8))
            } catch {
                write(try JSONEncoder().encode(["error": "\(error)"]))
            }
        }
    }

    private func write(_ line: Data) { FileHandle.standardOutput.write(line + Data("\n".utf8)) }
}
