internal import Foundation
internal import PlumbTensor

/// A Python package index: PyPI, or the one `PIP_INDEX_URL` names.
///
/// Speaks the simple repository API in JSON (PEP 691), and reads its HTML form (PEP 503) from indexes that know no
/// other.
struct PackageIndex: Sendable {
    /// A file the index offers.
    struct File: Sendable, Equatable {
        let name: String
        let url: URL
        let sha256: String?
        let size: Int?
    }

    let base: URL
    /// What the index wants to see of us, where its address holds a user name and password.
    let headers: [String: String]
    let downloader: Downloader

    init(environment: [String: String], downloader: Downloader) throws {
        let chosen = environment["PIP_INDEX_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? "https://pypi.org/simple"
        let trimmed = chosen.hasSuffix("/") ? String(chosen.dropLast()) : chosen
        guard var parts = URLComponents(string: trimmed), ["http", "https"].contains(parts.scheme), parts.host != nil
        else { throw FileError("PIP_INDEX_URL is not a web address") }
        var headers: [String: String] = [:]
        if let user = parts.user {
            headers["Authorization"] = "Basic " + Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
        }
        parts.user = nil
        parts.password = nil
        guard let base = parts.url else { throw FileError("PIP_INDEX_URL is not a web address") }
        self.base = base
        self.headers = headers
        self.downloader = downloader
    }

    /// The file called `name` of `package`.
    ///
    /// - Throws: ``FileError`` when the index does not have it, ``HTTPFailure`` when it cannot be reached.
    func file(_ name: String, of package: String) async throws -> File {
        // The slash at the end is part of the address.
        guard let url = URL(string: "\(base.absoluteString)/\(package)/") else {
            throw FileError("\(package) is not a package's name")
        }
        var headers = headers
        headers["Accept"] = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"
        let (answer, body) = try await downloader.data(url, headers: headers, limit: 64 << 20)
        guard answer.status == 200 else {
            let hint = answer.status == 404 ? "it does not have \(package)" : "it answers \(answer.status)"
            throw FileError("the package index \(base.absoluteString) is of no help: \(hint); see PIP_INDEX_URL")
        }
        let isJSON = answer.headers["content-type"]?.contains("json") ?? false
        let files = try isJSON ? PackageIndex.json(body, answer.url) : PackageIndex.html(body, answer.url)
        guard let file = files.first(where: { $0.name == name }) else {
            throw FileError("the package index \(base.absoluteString) does not have \(name)")
        }
        return file
    }

    /// The headers to send for `url`: credentials go to the index's own scheme, host and port only.
    func headers(for url: URL) -> [String: String] {
        WebOrigin(url) == WebOrigin(base) ? headers : [:]
    }

    private struct Page: Decodable {
        struct Entry: Decodable {
            let filename: String
            let url: String
            let hashes: [String: String]?
            let size: Int?
        }
        let files: [Entry]
    }

    static func json(_ body: Data, _ page: URL) throws -> [File] {
        guard let decoded = try? JSONDecoder().decode(Page.self, from: body) else {
            throw FileError("the package index at \(page.absoluteString) answered with JSON of another kind")
        }
        return decoded.files.compactMap { entry in
            guard let url = URL(string: entry.url, relativeTo: page)?.absoluteURL else { return nil }
            return File(name: entry.filename, url: url, sha256: entry.hashes?["sha256"], size: entry.size)
        }
    }

    /// Anchors whose text is a file's name, `<a href="…#sha256=…">name</a>`.
    static func html(_ body: Data, _ page: URL) throws -> [File] {
        String(decoding: body, as: UTF8.self).components(separatedBy: "<a ").dropFirst().compactMap { anchor in
            guard let close = anchor.firstIndex(of: ">"), let end = anchor.range(of: "</a>"),
                close < end.lowerBound, let start = anchor.range(of: "href=\""), start.upperBound < close,
                let quote = anchor[start.upperBound...].firstIndex(of: "\""), quote < close
            else { return nil }
            let name = anchor[anchor.index(after: close)..<end.lowerBound].trimmingCharacters(in: .whitespaces)
            let link = anchor[start.upperBound..<quote].replacingOccurrences(of: "&amp;", with: "&")
            let parts = link.components(separatedBy: "#sha256=")
            guard let url = URL(string: parts[0], relativeTo: page)?.absoluteURL else { return nil }
            return File(name: name, url: url, sha256: parts.count == 2 ? parts[1] : nil, size: nil)
        }
    }
}
