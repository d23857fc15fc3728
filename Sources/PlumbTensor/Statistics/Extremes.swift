extension Statistics {
    /// The least of `values`; NaN where one is none or there is nothing, so that no threshold is met by what was not
    /// measured.
    public static func least(_ values: [Double]) -> Double {
        values.contains(where: \.isNaN) ? .nan : values.min() ?? .nan
    }

    /// The greatest of `values`; NaN where one is none or there is nothing.
    public static func greatest(_ values: [Double]) -> Double {
        values.contains(where: \.isNaN) ? .nan : values.max() ?? .nan
    }
}
