import Foundation
import PlumbModels
import PlumbTensor

let url = FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(
    ".cache/plumbline/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf")
let clock = ContinuousClock()
var t = clock.now
let model = try HookedTransformer.load(gguf: url)
print("load", clock.now - t)
let clean = [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288]
var corrupted = clean
corrupted[9] = 5099
let cells = PatchSweep.cells(.residPre, layers: 30, positions: 14).flatMap { $0 }
for threads in [2, 1, 2, 1] {
    Compute.threads = threads
    for _ in 0..<3 {
        t = clock.now
        _ = model.run(clean)
        print(threads, "forward 14", clock.now - t)
    }
    for _ in 0..<3 {
        t = clock.now
        _ = try PatchSweep().run(
            model, clean: clean, corrupted: corrupted, metric: .logitDifference(answer: 5099, wrong: 2322), cells: cells
        )
        print(threads, "sweep", clock.now - t)
    }
    if CommandLine.arguments.contains("long") {
        let batch = (0..<8).map { b in (0..<128).map { ($0 * 37 + b * 11) % 40000 } }
        for _ in 0..<2 {
            t = clock.now
            _ = model.run(batch: batch)
            print(threads, "forward 8x128", clock.now - t)
        }
        let long = (0..<1024).map { ($0 * 37) % 40000 }
        for _ in 0..<2 {
            t = clock.now
            _ = model.run(long)
            print(threads, "forward 1x1024", clock.now - t)
        }
    }
    t = clock.now
    let g = try model.generate(clean, maxTokens: 100, stopTokens: [])
    print(threads, "generate", g.tokens.count, clock.now - t)
}
