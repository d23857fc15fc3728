internal import PlumbTensor

/// Where a GGUF file's tensors lie, checked against the file.
struct GGUFLayout {
    let fileSize: Int
    let headerEnd: Int
    let alignment: Int

    /// Checks that every tensor is aligned, inside the file and apart from the others.
    ///
    /// A tensor of unreadable type has no known size: only its first byte is checked.
    ///
    /// - Returns: the byte at which tensor data begins.
    func check(_ tensors: [GGUFTensorInfo]) throws -> Int {
        let (padded, overflow) = headerEnd.addingReportingOverflow(alignment - 1)
        guard !overflow else { throw FileError("the header is too long") }
        let start = padded & ~(alignment - 1)
        guard !tensors.isEmpty else { return start }
        let available = fileSize - start
        guard available >= 0 else {
            throw FileError("tensor data should begin at byte \(start) but the file has \(fileSize): it is truncated")
        }
        for tensor in tensors {
            guard tensor.offset % alignment == 0 else {
                throw FileError("tensor \(tensor.name) begins at byte \(tensor.offset), not a multiple of \(alignment)")
            }
            let (end, overflow) = tensor.offset.addingReportingOverflow(try tensor.byteCount() ?? 0)
            guard !overflow, end <= available else {
                throw FileError(
                    "tensor \(tensor.name) ends beyond the file (\(fileSize) bytes): it is truncated; download it again"
                )
            }
        }
        try checkOverlaps(tensors)
        return start
    }

    private func checkOverlaps(_ tensors: [GGUFTensorInfo]) throws {
        let ordered = tensors.sorted { $0.offset < $1.offset }
        for (first, second) in zip(ordered, ordered.dropFirst()) {
            let size = try first.byteCount() ?? 1
            guard first.offset + size <= second.offset else {
                throw FileError("tensors \(first.name) and \(second.name) overlap")
            }
        }
    }
}
