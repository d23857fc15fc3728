// Where does the model keep its answer? One activation moved by hand, then the residual stream's every cell.
import Foundation
import PlumbModels
import PlumbTensor

extension Tensor {
    /// How far `answer` is ahead of `wrong` after the last token, in logits. Self is `[T, V]`.
    func logitDifference(_ answer: Int, _ wrong: Int) -> Float {
        let last = self[shape[0] - 1].elements
        return last[answer] - last[wrong]
    }
}

let model = try await HookedTransformer.load("smollm2-135m")
let clean = try model.tokens("When Mary and John went to the store, John gave a drink to")
let corrupted = try model.tokens("When Mary and John went to the store, Mary gave a drink to")
let (mary, john) = (try model.token(" Mary"), try model.token(" John"))

// Run one prompt and keep its activations; run the other with one of them in place of its own.
let (logits, cache) = model.run(clean, recording: .sites(.residPre))
let patch = Intervention.patch(.block(12, .residPre), from: cache, position: 9)
let patched = model.run(corrupted, with: [patch]).output
print("clean    ", logits.logitDifference(mary, john))
print("corrupted", model.run(corrupted).output.logitDifference(mary, john))
print("patched  ", patched.logitDifference(mary, john))

// The same for every layer and position, in one sweep.
let layers = model.configuration.layers
let cells = PatchSweep.cells(.residPre, layers: layers, positions: clean.count)
let sweep = try PatchSweep().run(
    model, clean: clean, corrupted: corrupted, metric: .logitDifference(answer: mary, wrong: john),
    cells: cells.flatMap { $0 })
for layer in stride(from: 0, to: layers, by: 6) {
    let row = sweep.values[layer * clean.count..<(layer + 1) * clean.count]
    print("layer \(layer)\t", row.map { String(format: "%6.2f", $0) }.joined())
}
