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
            core.encode($0, addSpecialTokens, parseSpecialTokens, normalizes: true)
        }
    }

    /// The tokens of a text that begins with ``bos`` or does not, whatever the model's files say; nil: as they say.
    ///
    /// - Throws: ``TokenizerError`` where the token is asked for and the model has none.
    public func encode(_ text: String, addsBOS: Bool?) throws(TokenizerError) -> [Int] {
        var tokens = encode(text)
        switch addsBOS {
        case true?:
            guard let bos else { throw TokenizerError("the model names no beginning-of-sequence token") }
            if tokens.first != bos { tokens.insert(bos, at: 0) }
        case false?:
            if self.addsBOS, let place = tokens.firstIndex(where: { $0 == bos }) { tokens.remove(at: place) }
        case nil: break
        }
        return tokens
    }

    /// The tokens of any bytes, valid UTF-8 or not. A byte-level tokenizer does not normalize them.
    ///
    /// ``decodeBytes(_:skipSpecialTokens:)`` of a byte-level tokenizer gives the bytes back, but for ``missingBytes``.
    public func encode(
        bytes: some Collection<UInt8>, addSpecialTokens: Bool = true, parseSpecialTokens: Bool = true
    ) -> [Int] {
        func encode(_ buffer: UnsafeBufferPointer<UInt8>) -> [Int] {
            core.encode(buffer, addSpecialTokens, parseSpecialTokens, normalizes: !core.isByteLevel)
        }
        if let ids = bytes.withContiguousStorageIfAvailable(encode) { return ids }
        return Array(bytes).withUnsafeBufferPointer(encode)
    }
}

extension Tokenizer.Core {
    fileprivate func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ addSpecial: Bool, _ parseSpecial: Bool, normalizes: Bool
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
            let isStart = part.range.lowerBound == 0
            if normalizes, let normalized = normalizer.apply(bytes) {
                normalized.withUnsafeBufferPointer { encodeNormalized($0, parseSpecial, isStart, &work) }
            } else {
                encodeNormalized(bytes, parseSpecial, isStart, &work)
            }
        }
        if addSpecial { work.ids.append(contentsOf: suffix) }
        let ids = work.ids.map { Int($0) }
        if work.ids.capacity > 1 << 16 { work = Tokenizer.Workspace() }
        workspaces.withLock { if $0.count < 8 { $0.append(work) } }
        return ids
    }

    private func encodeNormalized(
        _ text: UnsafeBufferPointer<UInt8>, _ parseSpecial: Bool, _ isStart: Bool, _ work: inout Tokenizer.Workspace
    ) {
        for part in normalizedTokens.split(text, parsingSpecial: parseSpecial) {
            if let id = part.id {
                work.ids.append(Int32(id))
            } else if !preTokenizer.isScanned {
                encodePieces(text, part.range, isStart && part.range.lowerBound == 0, &work)
            } else if preTokenizer.addsPrefixSpace, text[part.range.lowerBound] != 0x20 {
                let spaced = [0x20] + Array(text[part.range])
                spaced.withUnsafeBufferPointer { encodeScanned($0, 0..<$0.count, &work) }
            } else {
                encodeScanned(text, part.range, &work)
            }
        }
    }

    /// Text without added tokens whose pieces are scanned one after another.
    private func encodeScanned(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ work: inout Tokenizer.Workspace
    ) {
        guard case .bytePairs(let encoder) = encoder else { return }
        let scanner = PreTokenizerScanner(text: text, classes: .standard)
        preTokenizer.forEachPiece(of: range, in: scanner) { start, end in
            if end - start == 1, encoder.byteTokens[Int(text[start])] >= 0 {
                work.ids.append(encoder.byteTokens[Int(text[start])])
            } else {
                encodeWord(text, start, end, &work)
            }
        }
    }

    /// Text without added tokens, cut by any steps.
    private func encodePieces(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ isStart: Bool, _ work: inout Tokenizer.Workspace
    ) {
        guard !preTokenizer.steps.isEmpty else { return encodeWords(text, range, &work) }
        var pieces = preTokenizer.pieces(of: UnsafeBufferPointer(rebasing: text[range]), isStart: isStart)
        if preTokenizer.steps.contains(.byteAlphabet) { pieces = Self.readBytes(pieces) }
        pieces.text.withUnsafeBufferPointer { text in
            for piece in pieces.ranges { encodeWords(text, piece, &work) }
        }
    }

    /// The bytes that the characters of pieces stand for.
    private static func readBytes(_ pieces: TextPieces) -> TextPieces {
        var result = TextPieces(text: [], ranges: [])
        pieces.text.withUnsafeBufferPointer { text in
            for range in pieces.ranges {
                let start = result.text.count
                let piece = UnsafeBufferPointer(rebasing: text[range])
                if !ByteAlphabet.decode(piece, into: &result.text) { result.text.append(contentsOf: piece) }
                result.ranges.append(start..<result.text.count)
            }
        }
        return result
    }

    /// A piece, cut further where no token reaches over the cut.
    private func encodeWords(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ work: inout Tokenizer.Workspace
    ) {
        guard case .characterPairs(let encoder) = encoder, encoder.cutsWords, !ignoresMerges else {
            return encodeWord(text, range.lowerBound, range.upperBound, &work)
        }
        var start = range.lowerBound
        var index = start + 1
        while index + 2 < range.upperBound {
            guard text[index] == 0xE2, text[index + 1] == 0x96, text[index + 2] == 0x81,
                let last = TextEdges.scalar(text, before: index), encoder.mayCut(beforeSpaceAfter: last.value)
            else {
                index += 1
                continue
            }
            encodeWord(text, start, index, &work)
            start = index
            index += 3
        }
        encodeWord(text, start, range.upperBound, &work)
    }

    @inline(__always)
    private func encodeWord(
        _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ work: inout Tokenizer.Workspace
    ) {
        guard end - start <= WordCache.longestWord else {
            return encodePiece(UnsafeBufferPointer(rebasing: text[start..<end]), &work)
        }
        let key = WordCache.key(text, start, end)
        if work.cache.append(key, to: &work.ids) { return }
        let first = work.ids.count
        encodePiece(UnsafeBufferPointer(rebasing: text[start..<end]), &work)
        work.cache.insert(key, work.ids[first...])
    }

    private func encodePiece(_ piece: UnsafeBufferPointer<UInt8>, _ work: inout Tokenizer.Workspace) {
        if ignoresMerges, let id = vocabulary.id(of: piece) { return work.ids.append(id) }
        switch encoder {
        case .bytePairs(let encoder): encoder.encode(piece, &work.encoding.merging, into: &work.ids)
        case .characterPairs(let encoder): encoder.encode(piece, &work.encoding.merging, into: &work.ids)
        case .wordPieces(let encoder): encoder.encode(piece, into: &work.ids)
        case .unigrams(let encoder):
            encoder.encode(piece, &work.encoding.lattice, { vocabulary.id(of: $0) }, into: &work.ids)
        }
    }
}
