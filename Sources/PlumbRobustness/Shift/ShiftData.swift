/// Pictures on which distribution shift is measured.
public enum ShiftData: String, Sendable, Codable, CaseIterable {
    /// scikit-learn's handwritten digits, 8 × 8 pixels.
    case digits
    /// Fashion-MNIST, 28 × 28 pixels.
    case fashion
}
