internal import Foundation

/// The scheme, host and port of a web address: whom credentials are meant for.
struct WebOrigin: Equatable {
    let scheme: String
    let host: String
    let port: Int

    /// nil for what is no web address: only http and https are ever spoken.
    init?(_ url: URL?) {
        guard let url, let scheme = url.scheme?.lowercased(), let usual = ["http": 80, "https": 443][scheme],
            let host = url.host?.lowercased(), !host.isEmpty
        else { return nil }
        (self.scheme, self.host, port) = (scheme, host, url.port ?? usual)
    }
}
