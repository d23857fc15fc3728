public import Foundation

/// Where downloaded files are kept: `PLUMB_CACHE`, or `plumbline` in `XDG_CACHE_HOME`, or `~/.cache/plumbline`.
public enum CacheFolder {
    /// The folder that `environment` chooses; it need not exist yet.
    public static func url(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        if let chosen = environment["PLUMB_CACHE"], !chosen.isEmpty { return expand(chosen, environment) }
        return base(environment).appendingPathComponent("plumbline")
    }

    /// The user's folder for caches of any program.
    static func base(_ environment: [String: String]) -> URL {
        if let chosen = environment["XDG_CACHE_HOME"], chosen.hasPrefix("/") { return URL(fileURLWithPath: chosen) }
        return home(environment).appendingPathComponent(".cache")
    }

    /// A path with its `~` replaced.
    static func expand(_ path: String, _ environment: [String: String]) -> URL {
        if path == "~" { return home(environment) }
        guard path.hasPrefix("~/") else { return URL(fileURLWithPath: path) }
        return home(environment).appendingPathComponent(String(path.dropFirst(2)))
    }

    private static func home(_ environment: [String: String]) -> URL {
        if let home = environment["HOME"], !home.isEmpty { return URL(fileURLWithPath: home) }
        return FileManager.default.homeDirectoryForCurrentUser
    }

    /// Whether the user forbids using the network: `PLUMB_OFFLINE` or `HF_HUB_OFFLINE` is 1, true, yes or on.
    static func isOffline(_ environment: [String: String]) -> Bool {
        ["PLUMB_OFFLINE", "HF_HUB_OFFLINE"].contains { key in
            ["1", "true", "yes", "on"].contains(environment[key]?.lowercased() ?? "")
        }
    }
}
