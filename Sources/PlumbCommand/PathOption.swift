import ArgumentParser
import Foundation

/// What options that name files and folders share.
enum PathOption {
    /// Refuses an empty path, as an unset variable of a shell leaves it: it would stand for the current folder.
    ///
    /// - Throws: `ValidationError` naming the option.
    static func check(_ path: String?, _ option: String) throws {
        guard let path, path.allSatisfy(\.isWhitespace) else { return }
        throw ValidationError("\(option) is empty: name a file or folder, for example ./\(example(option))")
    }

    /// A path as it stays right when a training goes on elsewhere; names of models stay as they are.
    static func absolute(_ model: String) -> String {
        FileManager.default.fileExists(atPath: model) ? URL(fileURLWithPath: model).path : model
    }

    private static func example(_ option: String) -> String {
        option == "--out" ? "runs" : String(option.drop { $0 == "-" }).lowercased()
    }
}
