// Written by Scripts/record-tokenizers.py tables.
//
// Runs of code points as alternating gap and length, from code point 0 on. They are kept here, and not asked of the
// standard library, because its Unicode version changes with the toolchain and the operating system; ids must not.

extension CharacterClasses {
    /// `\s` as Hugging Face's regular expressions have it (Unicode 16).
    static let spaces: [UInt32] = [
        9, 5, 18, 1, 100, 1, 26, 1, 5599, 1, 2431, 11, 29, 2, 5, 1, 47, 1, 4000, 1,
    ]
    /// What only the `Digits` pre-tokenizer takes for a number: it follows Unicode 17.
    static let laterNumbers: [UInt32] = [
        73184, 10, 21002, 3,
    ]
}
