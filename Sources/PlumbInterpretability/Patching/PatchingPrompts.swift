internal import Foundation
internal import PlumbData
public import PlumbModels
public import PlumbRecords
public import PlumbTensor

/// The settings that experiments on one pair of prompts share: the model, the pair, what is patched and how.
public struct PatchingPrompts: SettingGroup {
    @Setting("A name (smollm2-135m), a .gguf file, a folder with config.json and safetensors, or a hub id.")
    public var model = "smollm2-135m"
    @Setting(
        "Whether prompts begin with the model's beginning-of-sequence token; left out, it is as the model's files say.")
    public var bos: Bool? = nil
    @Setting("The prompt whose answer is right.")
    public var clean = IndirectObject.standard.clean
    @Setting("The same prompt changed so that another answer is right.")
    public var corrupted = IndirectObject.standard.corrupted
    @Setting(
        "The answer to the clean prompt: one token, usually with a space before it. Required with prompts of your own.")
    public var answer: String? = nil
    @Setting("The answer to the corrupted prompt. Required with prompts of your own.")
    public var wrong: String? = nil
    @Setting("denoising: clean into the corrupted run; noising: corrupted into the clean run.")
    public var direction = PatchDirection.denoising
    @Setting(
        "Further pairs, drawn by the seed, that the claims are tested on; with the standard prompts only.", 0...100_000)
    public var templates = 6
    @Setting(
        "Megabytes that patched runs may take at once; less means more chunks, and the same numbers.", 1...1_000_000_000
    )
    public var memory = 2048

    /// The standard pair of the indirect-object task, on SmolLM2.
    public init() {}

    /// Whether the prompts are the standard ones.
    public var isStandard: Bool {
        clean == IndirectObject.standard.clean && corrupted == IndirectObject.standard.corrupted
    }

    /// The pair of prompts.
    ///
    /// - Throws: `SettingsError` where prompts of one's own come without their answers.
    public func pair() throws -> PromptPair {
        let standard: PromptPair? = isStandard ? IndirectObject.standard : nil
        guard let answer = answer ?? standard?.answer, let wrong = wrong ?? standard?.wrong else {
            let missing = self.answer == nil ? (self.wrong == nil ? "--answer and --wrong" : "--answer") : "--wrong"
            throw SettingsError(
                "prompts of your own need \(missing): the next token of the clean and of the corrupted prompt, usually "
                    + "with a space before it, as in --answer \" Mary\"")
        }
        return PromptPair(clean: clean, corrupted: corrupted, answer: answer, wrong: wrong)
    }

    /// The pair in tokens, and the further pairs that the seed draws for the standard prompts.
    ///
    /// - Throws: `ModelError`, see ``PromptPair/tokenized(by:alignment:)``; `SettingsError` as ``pair()`` does.
    public func tokenizedPairs(_ model: HookedTransformer, key: RandomKey) throws -> [TokenizedPair] {
        [try pair().tokenized(by: model)] + (try drawnPairs(model, key: key))
    }

    /// The further pairs that the seed draws; none for prompts of one's own.
    ///
    /// - Throws: `ModelError` when the model's vocabulary holds too few of the names.
    public func drawnPairs(_ model: HookedTransformer, key: RandomKey) throws -> [TokenizedPair] {
        guard isStandard, templates > 0 else { return [] }
        return try IndirectObject.pairs(templates, for: model, key: key).map { try $0.tokenized(by: model) }
    }

    /// The pairs to patch: those of a file, noted in the record, or the pair of prompts.
    ///
    /// - Throws: `ModelError` naming the file, the line or the pair; `SettingsError` as ``pair()`` does.
    public func tokenizedPairs(
        _ file: String?, _ model: HookedTransformer, alignment: PatchAlignment, in context: inout RunContext
    ) throws -> [TokenizedPair] {
        guard let file else { return [try pair().tokenized(by: model, alignment: alignment)] }
        let data = try PromptPair.contents(of: URL(fileURLWithPath: file))
        context.record(
            input: InputFile(path: file, sha256: FileHash.sha256(of: data), bytes: data.count, role: "pairs"))
        return try PromptPair.parse(data, named: file).enumerated().map { index, pair in
            do {
                return try pair.tokenized(by: model, alignment: alignment)
            } catch let error as ModelError {
                throw ModelError("\(file), pair \(index + 1): \(error)")
            }
        }
    }

    /// ``memory`` in bytes.
    public var memoryLimit: Int { min(max(1, memory), 1 << 40) << 20 }
}

extension Site {
    /// The sites called `names` in a setting.
    ///
    /// - Throws: `SettingsError` for a name that is no site's, for none at all, or for one given twice.
    public static func sites(named names: [String]) throws -> [Site] {
        let known = insideBlock.map(\.shortName)
        let sites = try names.map { name in
            guard let site = Site(named: name), insideBlock.contains(site) else {
                let hint = closestMatch(to: name, in: known).map { "did you mean \($0)? The" } ?? "the"
                throw SettingsError("\"\(name)\" is not a site: \(hint) sites are \(known.joined(separator: ", "))")
            }
            return site
        }
        guard !sites.isEmpty else { throw SettingsError("--sites names nothing: give one or more, such as resid_pre") }
        if let twice = sites.indices.first(where: { sites[..<$0].contains(sites[$0]) }) {
            throw SettingsError("--sites names \(sites[twice].shortName) twice")
        }
        return sites
    }
}
