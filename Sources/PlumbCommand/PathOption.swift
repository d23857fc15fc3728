import ArgumentParser

/// What options that name files and folders share.
enum PathOption {
    /// Refuses an empty path, as an unset variable of a shell leaves it: it would stand for the current folder.
    ///
    /// - Throws: `ValidationError` naming the option.
    static func check(_ path: String?, _ option: String) throws {
        guard let path, path.allSatisfy(\.isWhitespace) else { return }
        throw ValidationError("\(option) is empty: name a file or folder, for example ./\(example(option))")
    }

    private static func example(_ option: String) -> String {
        option == "--out" ? "runs" : String(option.drop { $0 == "-" }).lowercased()
    }
}
