public import Foundation
internal import PlumbBasics
internal import PlumbTensor

/// What a data set's files hold.
public enum Dataset: Sendable, Equatable {
    /// Pictures with classes, in parts.
    case images([ImagePart])
    /// Text to make tokens of.
    case text(TextCorpus)

    /// A part of a data set of pictures.
    public struct ImagePart: Sendable, Equatable {
        /// "train", "test", or what the files are called.
        public let name: String
        /// The pictures with their classes.
        public let images: LabeledImages
    }
}

/// Where a data set's files are.
public enum DatasetLocation: Sendable, Equatable {
    /// A folder with pairs of IDX files, pictures and labels.
    case idx(URL)
    /// Fashion-MNIST's folder, whose classes have names.
    case fashionMNIST(URL)
    /// scikit-learn's `digits.csv.gz`.
    case digits(URL)
    /// Text files in the order in which they are read.
    case text([URL])

    /// The file or folder; of several files their folder.
    public var url: URL {
        switch self {
        case .idx(let url), .fashionMNIST(let url), .digits(let url): url
        case .text(let files):
            files.count == 1 ? files[0] : (files.first ?? URL(fileURLWithPath: "/")).deletingLastPathComponent()
        }
    }

    /// Reads the files.
    ///
    /// - Throws: `FileError` naming the file, what was found and what to do.
    public func load() throws -> Dataset {
        switch self {
        case .fashionMNIST(let folder):
            return .images(
                try FashionMNIST.Part.allCases.map {
                    Dataset.ImagePart(name: $0.rawValue, images: try FashionMNIST.load($0, from: folder))
                })
        case .digits(let file):
            let (train, test) = Digits.split(try Digits.load(file))
            return .images([.init(name: "train", images: train), .init(name: "test", images: test)])
        case .idx(let folder):
            return .images(
                try DatasetLocation.idxPairs(in: folder).map {
                    Dataset.ImagePart(
                        name: $0.name, images: try LabeledImages(idxImages: $0.images, labels: $0.labels))
                })
        case .text(let files):
            return .text(try TextCorpus(contentsOf: files))
        }
    }

    /// What the file or folder at `url` holds, by names.
    ///
    /// - Throws: ``FileError`` when nothing in it can be read.
    static func at(_ url: URL) throws -> DatasetLocation {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw FileError(
                obstacle(at: url.path).map { "cannot read \(url.path): \($0)" }
                    ?? "there is no file or folder \(url.path)")
        }
        guard isFolder.boolValue else { return try file(url) }
        guard try idxPairs(in: url).isEmpty else { return .idx(url) }
        let names = try contents(of: url)
        let texts = names.filter { $0.hasSuffix(".txt") }
        if !texts.isEmpty { return .text(texts.map { url.appendingPathComponent($0) }) }
        if let digits = names.first(where: isDigits) { return .digits(url.appendingPathComponent(digits)) }
        throw FileError(
            "\(url.path) holds no data that can be read: neither IDX files (NAME-images-idx3-ubyte.gz with "
                + "NAME-labels-idx1-ubyte.gz) nor .txt files nor digits.csv.gz")
    }

    private static func file(_ url: URL) throws -> DatasetLocation {
        let name = url.lastPathComponent
        if isDigits(name) { return .digits(url) }
        guard !name.contains("-ubyte") else {
            throw FileError(
                "\(url.path) is one of a pair of IDX files; name their folder, \(url.deletingLastPathComponent().path)")
        }
        return .text([url])
    }

    private static func isDigits(_ name: String) -> Bool { ["digits.csv", "digits.csv.gz"].contains(name) }

    private static func contents(of folder: URL) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        } catch {
            throw FileError("cannot read the folder \(folder.path): \(systemReason(of: error))")
        }
    }

    /// Pictures in a folder for which there are labels.
    private static func idxPairs(in folder: URL) throws -> [(name: String, images: URL, labels: URL)] {
        let names = try contents(of: folder)
        var pairs: [(name: String, images: URL, labels: URL)] = []
        for images in names {
            guard let infix = images.range(of: "-images-idx"), images.contains("-ubyte") else { continue }
            let part = String(images[..<infix.lowerBound])
            let labels = ["-labels-idx1-ubyte.gz", "-labels-idx1-ubyte"].map { part + $0 }
            guard !pairs.contains(where: { $0.name == part }), let found = labels.first(where: names.contains) else {
                continue
            }
            pairs.append((part, folder.appendingPathComponent(images), folder.appendingPathComponent(found)))
        }
        return pairs
    }
}
