internal import Synchronization

extension Tokenizer {
    /// The tokens of a text.
    ///
    /// - Parameters:
    ///   - text: Any text; it is normalized first if the model's files say so (Qwen: NFC).
    ///   - addSpecialTokens: Whether to add what the model's files say belongs around a text, such as ``bos``.
    ///   - parseSpecialTokens: Whether a special token's text, such as "<|im_end|>", becomes that token; otherwise it
    ///     is plain text, as input from strangers should be.
    /// - Complexity: O(*n*) in the bytes of text with words of bounded length, O(*n* log *n*) always.
    public func encode(_ text: String, addSpecialTokens: Bool = true, parseSpecialTokens: Bool = true)
        -> [Int]
    {
        var text = text
        return text.withUTF8 {
            core.encode($0, addSpecialTokens, parseSpecialTokens, normalization: core.normalization)
        }
    }

    /// The tokens of any bytes, valid UTF-8 or not. They are never normalized.
    ///
    /// ``decodeBytes(_:skipSpecialTokens:)`` gives the bytes back, but for ``missingBytes``.
    public func encode(
        bytes: some Collection<UInt8>, addSpecialTokens: Bool = true, parseSpecialTokens: Bool = true
    ) -> [Int] {
        func encode(_ buffer: UnsafeBufferPointer<UInt8>) -> [Int] {
            core.encode(buffer, addSpecialTokens, parseSpecialTokens, normalization: .none)
        }
        if let ids = bytes.withContiguousStorageIfAvailable(encode) { return ids }
        return Array(bytes).withUnsafeBufferPointer(encode)
    }
}

extension Tokenizer.Core {
    fileprivate func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ addSpecial: Bool, _ parseSpecial: Bool,
        normalization: Tokenizer.Normalization
    ) -> [Int] {
        var work = workspaces.withLock { $0.popLast() } ?? Tokenizer.Workspace()
        work.ids.removeAll(keepingCapacity: true)
        if addSpecial { work.ids.append(contentsOf: prefix) }
        for part in rawTokens.split(text, parsingSpecial: parseSpecial) {
            if let id = part.id {
                work.ids.append(Int32(id))
                continue
            }
            let bytes = UnsafeBufferPointer(rebasing: text[part.range])
            if normalization == .nfc, let normalized = UnicodeNormalization.standard.composed(bytes) {
                normalized.withUnsafeBufferPointer { encodeNormalized($0, parseSpecial, &work) }
            } else {
                encodeNormalized(bytes, parseSpecial, &work)
            }
        }
        if addSpecial { work.ids.append(contentsOf: suffix) }
        let ids = work.ids.map { Int($0) }
        if work.ids.capacity > 1 << 16 { work.ids = [] }
        workspaces.withLock { if $0.count < 8 { $0.append(work) } }
        return ids
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ parseSpecial: Bool, _ work: inout Tokenizer.Workspace
    ) {
        for part in normalizedTokens.split(text, parsingSpecial: parseSpecial) {
            if let id = part.id {
                work.ids.append(Int32(id))
            } else if preTokenizer.addsPrefixSpace, text[part.range.lowerBound] != 0x20 {
                let spaced = [0x20] + Array(text[part.range])
                spaced.withUnsafeBufferPointer { encodePlain($0, 0..<$0.count, &work) }
            } else {
                encodePlain(text, part.range, &work)
            }
        }
    }

    /// Text without added tokens.
    private func encodePlain(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ work: inout Tokenizer.Workspace
    ) {
        let scanner = PreTokenizerScanner(text: text, classes: .standard)
        preTokenizer.forEachPiece(of: range, in: scanner) { start, end in
            if end - start == 1, encoder.byteTokens[Int(text[start])] >= 0 {
                work.ids.append(encoder.byteTokens[Int(text[start])])
            } else if end - start <= WordCache.longestWord {
                let key = WordCache.key(text, start, end)
                if work.cache.append(key, to: &work.ids) { return }
                let first = work.ids.count
                encodePiece(UnsafeBufferPointer(rebasing: text[start..<end]), &work)
                work.cache.insert(key, work.ids[first...])
            } else {
                encodePiece(UnsafeBufferPointer(rebasing: text[start..<end]), &work)
            }
        }
    }

    private func encodePiece(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout Tokenizer.Workspace) {
        if ignoresMerges, let id = vocabulary.id(of: piece) {
            work.ids.append(id)
        } else {
            encoder.encode(piece, &work.merging, into: &work.ids)
        }
    }
}
