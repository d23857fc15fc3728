public import Foundation
internal import PlumbTensor

/// Fashion-MNIST: 60,000 and 10,000 gray pictures of clothes, 28 × 28, in ten classes
/// (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747).
public enum FashionMNIST {
    /// The part of the set that a model learns from, and the part that it is judged by.
    public enum Part: String, Sendable, CaseIterable {
        /// The images to learn from.
        case train
        /// The images to be judged by.
        case test

        fileprivate var prefix: String { self == .train ? "train" : "t10k" }
    }

    /// The classes in the order of their labels.
    public static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ]

    /// Where Debian's package `dataset-fashion-mnist` puts the files.
    public static let debianFolder = URL(fileURLWithPath: "/usr/share/datasets/fashion-mnist")

    /// The folder that `PLUMB_FASHION_MNIST` names, or Debian's.
    public static func folder(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
        guard let chosen = environment["PLUMB_FASHION_MNIST"], !chosen.isEmpty else { return debianFolder }
        return CacheFolder.expand(chosen, environment)
    }

    /// Whether all four files are in `folder`.
    public static func isPresent(in folder: URL = folder()) -> Bool {
        Part.allCases.allSatisfy { part in
            ["images-idx3", "labels-idx1"].allSatisfy { file(part, $0, in: folder) != nil }
        }
    }

    /// Reads one part, plain or packed with gzip, from `folder`.
    ///
    /// - Throws: `FileError` saying how to install the files where they are missing, or what is wrong with them.
    public static func load(_ part: Part, from folder: URL = folder()) throws -> LabeledImages {
        guard let images = file(part, "images-idx3", in: folder), let labels = file(part, "labels-idx1", in: folder)
        else { throw missing(in: folder) }
        return try LabeledImages(idxImages: images, labels: labels, classNames: classNames)
    }

    /// What to say where a file is not there.
    static func missing(in folder: URL) -> FileError {
        let kinds = ["images-idx3", "labels-idx1"]
        let names = Part.allCases.flatMap { part in
            kinds.filter { file(part, $0, in: folder) == nil }.map { "\(part.prefix)-\($0)-ubyte.gz" }
        }
        let lacking = "Fashion-MNIST is not complete in \(folder.path): \(names.joined(separator: ", ")) missing"
        let install = "install it with: sudo apt-get install dataset-fashion-mnist"
        guard folder.path != debianFolder.path else { return FileError("\(lacking); \(install)") }
        return FileError("\(lacking); put the files there, or unset PLUMB_FASHION_MNIST and \(install)")
    }

    private static func file(_ part: Part, _ kind: String, in folder: URL) -> URL? {
        ["-ubyte.gz", "-ubyte"].map { folder.appendingPathComponent("\(part.prefix)-\(kind)\($0)") }
            .first { FileManager.default.fileExists(atPath: $0.path) }
    }
}
