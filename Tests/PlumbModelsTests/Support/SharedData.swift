import Foundation

/// Data for tests that the repository does not carry: `PLUMB_SHARED_DATA`, or `../shared/data` beside the package.
enum SharedData {
    static let folder: URL = {
        if let chosen = ProcessInfo.processInfo.environment["PLUMB_SHARED_DATA"] {
            return URL(fileURLWithPath: chosen)
        }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/data")
    }()

    static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

    static func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url(name).path) }
}
