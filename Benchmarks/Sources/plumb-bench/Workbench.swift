import Foundation
import PlumbData
import PlumbModels
import PlumbTensor

/// The request cannot be answered: what was asked, and what can be.
struct BenchError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Holds the models and answers requests.
final class Workbench {
    private let name: String
    private let real: HookedTransformer
    private var shapes: [Int: HookedTransformer] = [:]
    /// The matrix-product rate in floating-point operations a second, by threads, once measured.
    private var peaks: [Int: Double] = [:]

    init(model: String) async throws {
        name = model
        real = try await HookedTransformer.load(model)
    }

    func answer(_ request: Request) throws -> Answer {
        guard request.threads > 0, request.repeats > 0, request.shape.count == 2, request.shape.allSatisfy({ $0 > 0 })
        else { throw BenchError("threads, repeats and the two numbers of shape must be positive") }
        Compute.configure(threads: request.threads)
        let (series, details): ([String: [Double]], [String: Double])
        switch request.task {
        case "sweep": (series, details) = try sweep(request)
        case "forward": (series, details) = try forward(request)
        case "decode": (series, details) = try decode(request)
        case "peak": (series, details) = try peak(request)
        case "bandwidth": (series, details) = (["bytes_per_second": MemoryBench().measure(request)], [:])
        case "cold": (series, details) = try ColdPredict(model: name).measure(request)
        case let task where TrainingBench.tasks.contains(task):
            let times = try TrainingBench().measure(request)
            (series, details) = (["seconds": times], [:])
        case let task where SparseBench.tasks.contains(task): (series, details) = try SparseBench().measure(request)
        case let task where WorldsBench.tasks.contains(task):
            (series, details) = (["steps_per_second": try WorldsBench().measure(request)], [:])
        case let task where AgentBench.tasks.contains(task):
            (series, details) = try AgentBench().measure(request)
        case let task where LanguageModelBench.tasks.contains(task):
            (series, details) = try LanguageModelBench(model: model(request)).measure(request)
        case let task where CircuitBench.tasks.contains(task):
            let model = try model(request)
            (series, details) = try CircuitBench(model: model, pair: pairs(request, model)[0]).measure(request)
        default:
            let known =
                ["sweep", "forward", "decode", "peak", "bandwidth", "cold"] + TrainingBench.tasks + SparseBench.tasks
                + WorldsBench.tasks + AgentBench.tasks + LanguageModelBench.tasks + CircuitBench.tasks
            throw BenchError("no task \(request.task): have \(known.joined(separator: ", "))")
        }
        return Answer(
            request: request, instructionSet: Compute.instructionSet, series: series, details: details)
    }

    // MARK: Models

    private func model(_ request: Request) throws -> HookedTransformer {
        guard let arithmetic = Arithmetic(rawValue: request.arithmetic) else {
            throw BenchError("no arithmetic \(request.arithmetic): have float32, bfloat16")
        }
        var model: HookedTransformer
        switch request.model {
        case "smollm2": model = real
        case "gpt2": model = try shape(layers: request.layers)
        default: throw BenchError("no model \(request.model): have smollm2, gpt2")
        }
        model.arithmetic = arithmetic
        return model
    }

    private func shape(layers: Int) throws -> HookedTransformer {
        if let model = shapes[layers] { return model }
        let model = try RandomGPT2(layers: layers).load()
        shapes[layers] = model
        return model
    }

    // MARK: Timing

    /// Seconds of each repeat, a warm-up left out.
    private func seconds(_ repeats: Int, _ body: () throws -> Void) rethrows -> [Double] {
        let clock = ContinuousClock()
        try body()
        return try (0..<repeats).map { _ in try clock.measure(body) / .seconds(1) }
    }

    /// Tokens that look random and are the same on every machine.
    private func tokens(_ count: Int, _ model: HookedTransformer, seed: Int) -> [Int] {
        var generator = RandomKey(UInt64(seed)).generator()
        return (0..<count).map { _ in generator.index(below: model.configuration.vocabulary) }
    }

    // MARK: Tasks

    private func peak(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let (rows, inputs, outputs) = (1024, 1024, 4096)
        let weight = Weight(Tensor(repeating: 0.5, shape: [outputs, inputs]))
        let x = Tensor(repeating: 0.25, shape: [rows, inputs])
        let operations = 2 * Double(rows * inputs * outputs)
        guard let arithmetic = Arithmetic(rawValue: request.arithmetic) else {
            throw BenchError("no arithmetic \(request.arithmetic): have float32, bfloat16")
        }
        let times = seconds(max(5, request.repeats)) { _ = weight.applied(to: x, arithmetic: arithmetic) }
        let rates = times.map { operations / $0 / 1e9 }
        if arithmetic == .float32 { peaks[request.threads] = (rates.max() ?? .nan) * 1e9 }
        return (["gigaflops": rates], [:])
    }

    /// The part of the matrix-product rate that `operations` in `seconds` reach.
    private func fraction(_ operations: Double, in seconds: Double, _ request: Request) throws -> Double {
        if peaks[request.threads] == nil {
            var peak = request
            peak.arithmetic = "float32"
            _ = try self.peak(peak)
        }
        return operations / seconds / (peaks[request.threads] ?? .nan)
    }

    private func forward(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let model = try model(request)
        let batch = (0..<request.shape[0]).map { tokens(request.shape[1], model, seed: $0) }
        let times = seconds(request.repeats) { _ = model.run(batch: batch) }
        let operations = model.configuration.operations(prompts: request.shape[0], tokens: request.shape[1])
        return (
            ["seconds": times],
            [
                "gigaflops": operations / times.median / 1e9,
                "fraction": try fraction(operations, in: times.median, request),
            ]
        )
    }

    private func decode(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let model = try model(request)
        guard request.prompt > 0, request.new > 1 else { throw BenchError("prompt must be positive and new above 1") }
        let prompt = tokens(request.prompt, model, seed: 1)
        let clock = ContinuousClock()
        var (prompts, decodes): ([Double], [Double]) = ([], [])
        for _ in 0...request.repeats {
            let start = clock.now
            var ticks: [ContinuousClock.Instant] = []
            _ = try model.generate(prompt, maxTokens: request.new + 1, stopTokens: []) { _ in
                ticks.append(clock.now)
                return true
            }
            guard let first = ticks.first, let last = ticks.last else { throw BenchError("nothing was generated") }
            prompts.append(Double(request.prompt) / ((first - start) / .seconds(1)))
            decodes.append(Double(ticks.count - 1) / ((last - first) / .seconds(1)))
        }
        let bytes = try MemoryBench.bytesPerToken(model: name).map { ["token_bytes": $0] } ?? [:]
        return (["prompt_rate": Array(prompts.dropFirst()), "decode_rate": Array(decodes.dropFirst())], bytes)
    }

    private func sweep(_ request: Request) throws -> ([String: [Double]], [String: Double]) {
        let model = try model(request)
        guard let site = HookPoint("blocks.0.\(request.site)")?.site else {
            throw BenchError("no site \(request.site)")
        }
        let pairs = try pairs(request, model)
        let sizes = model.configuration
        let cells = PatchSweep.cells(
            site, layers: sizes.layers, positions: pairs[0].clean.count,
            heads: site.hasHeads ? model.heads(at: site) : nil
        ).flatMap { $0 }
        var results: [PatchSweepResult] = []
        let times = try seconds(request.repeats) {
            results = try PatchSweep().run(model, pairs: pairs, cells: cells)
        }
        let operations = 2 * Double(results[0].rowBlocks) * Double(sizes.blockWeights)
        return (
            ["seconds": times],
            [
                "cells": Double(cells.count * pairs.count),
                "computed": Double(results.reduce(0) { $0 + $1.computedCells }), "tokens": Double(pairs[0].clean.count),
                "row_blocks": Double(results[0].rowBlocks), "clean": results[0].clean,
                "corrupted": results[0].corrupted, "fraction": try fraction(operations, in: times.median, request),
            ]
        )
    }

    private func pairs(_ request: Request, _ model: HookedTransformer) throws -> [PatchPair] {
        let texts: (clean: String, corrupted: String, answer: String, wrong: String)
        switch request.pair {
        case "indirect-object":
            texts = (
                "When Mary and John went to the store, John gave a drink to",
                "When Mary and John went to the store, Mary gave a drink to", " Mary", " John"
            )
        case "first-token":
            texts = (
                "John and Mary went to the store together, and then John gave a drink to",
                "Mary and Mary went to the store together, and then John gave a drink to", " Mary", " John"
            )
        case "random":
            return (0..<request.shape[0]).map { index in
                let clean = tokens(request.shape[1], model, seed: index)
                var corrupted = clean
                let middle = clean.count / 2
                corrupted[middle] = (clean[middle] + 1) % model.configuration.vocabulary
                return PatchPair(clean: clean, corrupted: corrupted, metric: .logitDifference(answer: 1, wrong: 2))
            }
        case "shared":
            let clean = SharedTokens.drawn(request.shape[1], seed: 1)
            var corrupted = clean
            corrupted[clean.count / 2] += 1
            return [PatchPair(clean: clean, corrupted: corrupted, metric: .logitDifference(answer: 1, wrong: 2))]
        default: throw BenchError("no pair \(request.pair): have indirect-object, first-token, random, shared")
        }
        return [
            PatchPair(
                clean: try model.tokens(texts.clean), corrupted: try model.tokens(texts.corrupted),
                metric: .logitDifference(answer: try model.token(texts.answer), wrong: try model.token(texts.wrong)))
        ]
    }
}

extension TransformerConfiguration {
    /// Weights of one block's matrices.
    var blockWeights: Int {
        let withoutGate: [Architecture] = [.gpt2, .gptNeoX, .gptNeo, .gptJ, .phi]
        return width * headWidth * (2 * heads + 2 * keyValueHeads)
            + (withoutGate.contains(architecture) ? 2 : 3) * width * mlpWidth
    }

    /// Floating-point operations of the products of a forward pass with logits at every position, causal attention
    /// counted over the keys that are there.
    func operations(prompts: Int, tokens: Int) -> Double {
        let rows = Double(prompts * tokens)
        let weights = Double(layers * blockWeights + width * vocabulary)
        let keys = Double(prompts * tokens * (tokens + 1) / 2)
        return 2 * rows * weights + 4 * keys * Double(layers * heads * headWidth)
    }
}
