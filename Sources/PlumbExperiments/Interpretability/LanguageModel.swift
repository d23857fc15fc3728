internal import Foundation
internal import PlumbData
internal import PlumbModels
internal import PlumbRecords
internal import PlumbTensor

/// What experiments on a language model share.
enum LanguageModel {
    /// Fetches, loads and packs a model, and notes in the record what its numbers rest on.
    static func load(
        _ name: String, arithmetic: Arithmetic = .float32, in context: inout RunContext
    ) async throws -> HookedTransformer {
        let store = ModelStore()
        let reporter = context.reporter
        var model = try await HookedTransformer.load(name, store: store) { progress in
            reporter.progress("fetching \(name)", progress.fraction ?? 0)
        }
        model.arithmetic = arithmetic
        context.arithmetic =
            arithmetic == .float32
            ? "float32 on exactly dequantised weights" : "bfloat16 products, float32 sums"
        for file in model.files {
            context.record(
                input: InputFile(
                    path: file.path, sha256: try store.sha256(of: file),
                    bytes: try MappedBytes(contentsOf: file).count, role: "weights"))
        }
        model.prepare()
        return model
    }

    /// So many megabytes in bytes, within what a machine can have.
    static func bytes(megabytes: Int) -> Int { min(max(1, megabytes), 1 << 40) << 20 }

    /// The sites called `names` in a setting.
    ///
    /// - Throws: `ModelError` for a name that is no site's; `SettingsError` for none at all, or one given twice.
    static func sites(_ names: [String]) throws -> [Site] {
        let sites = try names.map(site)
        guard !sites.isEmpty else { throw SettingsError("--sites names nothing: give one or more, such as resid_pre") }
        if let twice = sites.indices.first(where: { sites[..<$0].contains(sites[$0]) }) {
            throw SettingsError("--sites names \(sites[twice].shortName) twice")
        }
        return sites
    }

    /// The site called `name` in a setting.
    ///
    /// - Throws: `ModelError` naming the sites that there are.
    static func site(_ name: String) throws -> Site {
        guard let site = Site(named: name), Site.insideBlock.contains(site) else {
            let known = Site.insideBlock.map(\.shortName)
            let hint = closestMatch(to: name, in: known).map { "did you mean \($0)? The" } ?? "the"
            throw ModelError("\"\(name)\" is not a site: \(hint) sites are \(known.joined(separator: ", "))")
        }
        return site
    }
}
