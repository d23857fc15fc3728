import Foundation
import PlumbTensor
import Testing

@testable import PlumbData

/// Reads `body` and says what was wrong.
func fileError<T>(_ body: () throws -> T) -> String {
    do {
        return "no error: \(try body())"
    } catch let error as FileError {
        return error.description
    } catch {
        return "\(type(of: error)): \(error)"
    }
}

@Suite struct IDXArrayTests {
    private static let pixels: [UInt8] = (0..<24).map { UInt8($0 * 10) }
    private static let whole = IDXWriter.bytes([2, 3, 4], pixels)

    private func read(_ bytes: [UInt8]) throws -> IDXArray { try IDXArray(MappedBytes(bytes), name: "f.idx") }

    @Test func plainAndPackedFilesHoldTheSame() throws {
        let plain = try read(Self.whole)
        #expect(plain.shape == [2, 3, 4])
        #expect(plain.elements == Self.pixels)
        #expect(try read(IDXWriter.gzipped(Self.whole)) == plain)
        // A gzip file may be several, one after another.
        let halves = IDXWriter.gzipped(Array(Self.whole[..<9])) + IDXWriter.gzipped(Array(Self.whole[9...]))
        #expect(try read(halves) == plain)
        #expect(try read(IDXWriter.bytes([0, 5], [])).shape == [0, 5])
    }

    @Test func largeFilesArriveInPieces() throws {
        let elements = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        let array = try read(IDXWriter.gzipped(IDXWriter.bytes([700, 1_000], elements)))
        #expect(array.elements == elements)
    }

    @Test func damageIsNamed() {
        let whole = Self.whole
        #expect(
            fileError { try read([1, 2, 3, 4, 5]) }.hasPrefix(
                "f.idx is not an IDX file: it begins with the bytes 01 02 03 04"))
        #expect(fileError { try read(IDXWriter.bytes([1], [0, 0, 0, 0], type: 0x0D)) }.contains("holds 32-bit floats"))
        #expect(fileError { try read(IDXWriter.bytes([1], [0], type: 0x77)) }.contains("unknown type 0x77"))
        #expect(fileError { try read([0, 0, 8, 0]) }.contains("declares 0 axes"))
        #expect(fileError { try read([0, 0, 8, 200, 1]) }.contains("declares 200 axes"))
        #expect(fileError { try read(Array(whole.prefix(10))) }.contains("ends within its header, after 10 bytes"))
        #expect(fileError { try read([]) }.contains("ends within its header, after 0 bytes"))
        #expect(
            fileError { try read(whole.dropLast()) }.contains("declares 2 × 3 × 4 elements, 24 bytes, but 23 follow"))
        #expect(fileError { try read(whole + [0]) }.contains("24 bytes, but 25 follow its header"))
        let cut = IDXWriter.gzipped(Array(whole.dropLast()))
        #expect(fileError { try read(cut) }.contains("24 bytes, but 23 follow its header; get the file again"))
        #expect(fileError { try read(IDXWriter.gzipped(whole + [0])) }.contains("more bytes follow the 24 elements"))
    }

    @Test func extentsThatOverflowAreRefusedBeforeAnythingIsAllocated() {
        for extents: [UInt32] in [[1 << 31, 1 << 31, 1 << 31], [.max, .max, .max], [1 << 31, 28, 28], [1 << 31]] {
            let bytes = IDXWriter.bytes(extents, [1, 2, 3])
            #expect(fileError { try read(bytes) }.hasPrefix("f.idx declares \(extents[0])"))
            #expect(fileError { try read(IDXWriter.gzipped(bytes)) }.hasPrefix("f.idx declares \(extents[0])"))
        }
    }

    @Test func damagedGzipIsNamed() {
        var packed = IDXWriter.gzipped(Self.whole)
        #expect(fileError { try read(packed.dropLast(3)) }.contains("the gzip data is damaged or cut short"))
        #expect(fileError { try read(packed + [7, 7]) }.contains("2 bytes that are no gzip data follow"))
        packed[packed.count - 6] ^= 1
        #expect(fileError { try read(packed) }.contains("the gzip data is damaged or cut short; get the file again"))
    }

    @Test func damagedFilesNeverTrap() {
        let rounds = ProcessInfo.processInfo.environment["PLUMB_FUZZ_ROUNDS"].flatMap(Int.init) ?? 10_000
        for whole in [Self.whole, IDXWriter.gzipped(Self.whole)] {
            var refused = 0
            for seed in 0..<rounds {
                var mutator = Mutator(seed: UInt64(seed))
                do {
                    let array = try read(mutator.damaged(whole))
                    #expect(array.shape.reduce(1, *) == array.elements.count)
                } catch {
                    refused += 1
                    #expect(error is FileError, "seed \(seed): \(error)")
                }
            }
            #expect(refused > rounds / 4)
            #expect(refused < rounds)
        }
    }
}

@Suite struct LabeledImagesTests {
    private let scratch: Scratch
    private let images: URL
    private let labels: URL

    init() throws {
        scratch = try Scratch()
        images = try scratch.write(IDXWriter.bytes([3, 2, 2], [0, 51, 102, 153, 204, 255, 0, 0, 0, 0, 0, 255]), "i")
        labels = try scratch.write(IDXWriter.bytes([3], [1, 0, 1]), "l")
    }

    @Test func pairsOfFilesBecomePicturesFromZeroToOne() throws {
        let set = try LabeledImages(idxImages: images, labels: labels)
        #expect(set.images.shape == [3, 2, 2, 1])
        #expect(set.images[0].elements == [0, 51, 102, 153].map { $0 / 255 })
        #expect((set.labels, set.classNames) == ([1, 0, 1], ["0", "1"]))
        #expect(set.classCounts == [1, 2])
        #expect(set.vectors.shape == [3, 4])
        let some = set[[2, 0]]
        #expect(some.labels == [1, 1])
        #expect(some.images[0] == set.images[2])
        #expect(some.images[1] == set.images[0])
    }

    @Test func filesThatDoNotBelongTogetherAreRefused() throws {
        let two = try scratch.write(IDXWriter.bytes([2], [1, 0]), "two")
        #expect(
            fileError { try LabeledImages(idxImages: images, labels: two) }.contains("has 3 pictures; the two do not"))
        #expect(fileError { try LabeledImages(idxImages: labels, labels: labels) }.contains("not pictures [N, H, W]"))
        let names = fileError { try LabeledImages(idxImages: images, labels: labels, classNames: ["a"]) }
        #expect(names.contains("label 0 is 1, but there are 1 classes"))
    }

    @Test func pixelsThatAreNoNumbersAreFound() throws {
        var values = [Float](repeating: 0.5, count: 12)
        let good = LabeledImages(images: Tensor(values, shape: [2, 2, 3, 1]), labels: [0, 0], classNames: ["a"])
        try good.checkFinite("set")
        values[10] = .nan
        let bad = LabeledImages(images: Tensor(values, shape: [2, 2, 3, 1]), labels: [0, 0], classNames: ["a"])
        #expect(
            fileError { try bad.checkFinite("set") }.hasPrefix(
                "set: picture 1 has a pixel that is not a finite number, at row 1, column 1"))
    }
}
