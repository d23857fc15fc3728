internal import Foundation
internal import PlumbBasics
internal import PlumbData
internal import PlumbModels
internal import PlumbTensor

/// What cfg.json of a folder of SAELens says.
struct SAELensSettings {
    enum Kind {
        case standard, gated, jumpReLU
        case topK(Int)
    }

    let kind: Kind
    let width: Int
    let features: Int
    let outputWidth: Int
    let hasSkip: Bool
    let subtractsDecoderBias: Bool
    let scaling: SparseDictionary.InputScaling
    let rescalesByDecoderNorm: Bool
    let input: HookPoint
    let output: HookPoint

    private static let known = [
        "standard", "gated", "jumprelu", "topk", "transcoder", "skip_transcoder", "jumprelu_transcoder",
        "jumprelu_skip_transcoder",
    ]
    private static let scalings: [String: SparseDictionary.InputScaling] = [
        "none": .none, "constant_norm_rescale": .constantNorm, "layer_norm": .layerNorm,
    ]

    init(contentsOf url: URL) throws {
        func refuse(_ problem: String) -> FileError { FileError("\(url.path): \(problem)") }
        let data: Data
        do { data = try WholeFile.read(url, limit: 16 << 20) } catch { throw refuse("it cannot be read: \(error)") }
        let json: JSONValue
        do { json = try JSONValue(parsing: data) } catch { throw refuse("it is no JSON (\(error))") }
        func field(_ name: String) -> JSONValue? {
            let value = json["metadata"]?[name] ?? json[name]
            return value.flatMap { $0.isNull ? nil : $0 }
        }
        func number(_ name: String) throws -> Int {
            guard let value = field(name)?.int, value > 0 else {
                throw refuse("its \(name) is missing or no number above 0")
            }
            return value
        }
        func point(_ name: String) throws -> HookPoint {
            guard let text = field(name)?.string else { throw refuse("it names no \(name)") }
            guard let point = HookPoint(text) else {
                throw refuse("its \(name) \(visible(text, limit: 60)) is no hook point")
            }
            return point
        }
        // Old files name the activation beside the architecture.
        let old = field("activation_fn")?.string ?? field("activation_fn_str")?.string
        let stated = field("architecture")?.string ?? "standard"
        let architecture = stated == "standard" && old == "topk" ? "topk" : stated
        guard Self.known.contains(architecture) else {
            throw refuse(
                "its architecture \(visible(architecture, limit: 40)) is not known; known are "
                    + Self.known.joined(separator: ", "))
        }
        let isTranscoder = architecture.hasSuffix("transcoder")
        (width, features) = (try number("d_in"), try number("d_sae"))
        outputWidth = isTranscoder ? try number("d_out") : width
        hasSkip = architecture.contains("skip_")
        if architecture == "topk" {
            guard let k = field("k")?.int ?? json["activation_fn_kwargs"]?["k"]?.int else {
                throw refuse("it is a TopK dictionary without k")
            }
            kind = .topK(k)
        } else if architecture == "gated" {
            kind = .gated
        } else {
            kind = architecture.hasPrefix("jumprelu") ? .jumpReLU : .standard
        }
        subtractsDecoderBias = field("apply_b_dec_to_input")?.bool ?? !isTranscoder
        let scale = field("normalize_activations")?.string ?? "none"
        guard let scaling = Self.scalings[scale] else {
            throw refuse(
                "its normalize_activations is \(visible(scale, limit: 40)), whose scale the files do not hold; "
                    + "fold it into "
                    + "the weights and save it again")
        }
        self.scaling = scaling
        rescalesByDecoderNorm = field("rescale_acts_by_decoder_norm")?.bool ?? false
        input = try point(field("hook_name") == nil && field("hook_point") != nil ? "hook_point" : "hook_name")
        output = isTranscoder ? try point("hook_name_out") : input
    }
}
