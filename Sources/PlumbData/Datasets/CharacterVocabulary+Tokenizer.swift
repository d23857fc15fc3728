public import PlumbTokenizers

extension CharacterVocabulary {
    /// The same ids as a tokenizer that model folders can hold: byte pairs that merge within characters only.
    ///
    /// Characters of several bytes need tokens for their bytes and for their beginnings; these follow the characters'
    /// own, so that there may be a few more ids than ``count``. Text with characters that the vocabulary lacks loses
    /// them.
    ///
    /// - Throws: ``TokenizerError`` for a vocabulary without characters.
    public func tokenizer() throws -> Tokenizer {
        var tokens = scalars.map { Array(String($0).utf8) }
        var ids = Dictionary(uniqueKeysWithValues: zip(tokens, tokens.indices))
        func id(_ token: [UInt8]) -> Int {
            if let id = ids[token] { return id }
            ids[token] = tokens.count
            tokens.append(token)
            return tokens.count - 1
        }
        var merges: [(left: Int, right: Int)] = []
        var merged: Set<[UInt8]> = []
        for character in tokens where character.count > 1 {
            for end in 1..<character.count where merged.insert(Array(character[...end])).inserted {
                merges.append((id(Array(character[..<end])), id([character[end]])))
                _ = id(Array(character[...end]))
            }
        }
        return try LearnedBytePairs(specialTokens: [], tokens: tokens, merges: merges, preTokenizer: .gpt2).tokenizer()
    }
}
