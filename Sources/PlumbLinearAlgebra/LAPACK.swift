#if canImport(Accelerate)
    internal import Accelerate
#else
    internal import CLapack
    internal import Glibc
#endif

/// The five routines of LAPACK (Anderson et al. 1999, *LAPACK Users' Guide*) that decompositions are made of; nothing else
/// in the package calls it.
///
/// Matrices are in its order, column after column. Every function returns LAPACK's `info`: 0, or what went wrong.
enum LAPACK {
    /// Eigenvalues `[D]`, the smallest first, into `values`; a unit eigenvector a column into `a` `[D, D]`.
    static func symmetricEigen(_ a: inout [Double], _ values: inout [Double], size: Int) -> Int {
        prepare()
        #if canImport(Accelerate)
            var (job, part) = (letter("V"), letter("U"))
            var (n, lda, info) = (number(size), number(size), number(0))
            var (lwork, work) = (number(max(1, 34 * size)), [Double](repeating: 0, count: max(1, 34 * size)))
            dsyev_(&job, &part, &n, &a, &lda, &values, &work, &lwork, &info)
            return Int(info)
        #else
            return Int(LAPACKE_dsyev(order, letter("V"), letter("U"), number(size), &a, number(size), &values))
        #endif
    }

    /// The factor L of `A = L Lᵀ` into the lower triangle of `a` `[D, D]`.
    static func cholesky(_ a: inout [Double], size: Int) -> Int {
        prepare()
        #if canImport(Accelerate)
            var (part, n, lda, info) = (letter("L"), number(size), number(size), number(0))
            dpotrf_(&part, &n, &a, &lda, &info)
            return Int(info)
        #else
            return Int(LAPACKE_dpotrf(order, letter("L"), number(size), &a, number(size)))
        #endif
    }

    /// The solution of `L Lᵀ X = B` into `b` `[D, N]`.
    static func solve(factor: inout [Double], _ b: inout [Double], size: Int, sides: Int) -> Int {
        prepare()
        #if canImport(Accelerate)
            var (part, n, count) = (letter("L"), number(size), number(sides))
            var (lda, ldb, info) = (number(size), number(size), number(0))
            dpotrs_(&part, &n, &count, &factor, &lda, &b, &ldb, &info)
            return Int(info)
        #else
            return Int(
                LAPACKE_dpotrs(
                    order, letter("L"), number(size), number(sides), factor, number(size), &b, number(size)))
        #endif
    }

    /// The solution of `A X = B` into `b` `[D, N]`; `a` `[D, D]` is used up.
    static func solve(_ a: inout [Double], _ b: inout [Double], size: Int, sides: Int) -> Int {
        prepare()
        #if canImport(Accelerate)
            var pivots = [__CLPK_integer](repeating: 0, count: size)
            var (n, count, lda, ldb, info) = (number(size), number(sides), number(size), number(size), number(0))
            dgesv_(&n, &count, &a, &lda, &pivots, &b, &ldb, &info)
            return Int(info)
        #else
            var pivots = [Int32](repeating: 0, count: size)
            return Int(
                LAPACKE_dgesv(order, number(size), number(sides), &a, number(size), &pivots, &b, number(size)))
        #endif
    }

    /// `A = U Σ Vᵀ` with K the smaller of M and N: U `[M, K]`, the singular values `[K]`, the largest first, and
    /// Vᵀ `[K, N]`; `a` `[M, N]` is used up.
    static func singularValues(
        _ a: inout [Double], rows: Int, columns: Int, _ u: inout [Double], _ values: inout [Double], _ v: inout [Double]
    ) -> Int {
        prepare()
        let least = min(rows, columns)
        #if canImport(Accelerate)
            var (job, m, n, lda) = (letter("S"), number(rows), number(columns), number(rows))
            var (ldu, ldv, info) = (number(rows), number(least), number(0))
            let size = 4 * least * least + 7 * least + max(rows, columns) * 65
            var (lwork, work) = (number(size), [Double](repeating: 0, count: size))
            var whole = [__CLPK_integer](repeating: 0, count: 8 * least)
            dgesdd_(&job, &m, &n, &a, &lda, &values, &u, &ldu, &v, &ldv, &work, &lwork, &whole, &info)
            return Int(info)
        #else
            return Int(
                LAPACKE_dgesdd(
                    order, letter("S"), number(rows), number(columns), &a, number(rows), &values, &u, number(rows), &v,
                    number(least)))
        #endif
    }

    #if canImport(Accelerate)
        private static func number(_ value: Int) -> __CLPK_integer { __CLPK_integer(value) }
        private static func prepare() {}
    #else
        private static func number(_ value: Int) -> Int32 { Int32(value) }
        private static let order = LAPACK_COL_MAJOR

        /// OpenBLAS may stand in for the reference BLAS of the system. Its threads would compete with those of the trials
        /// and change the order of sums with their number, so it gets one.
        private static func prepare() { _ = isSingleThreaded }
        private static let isSingleThreaded: Bool = {
            guard let found = dlsym(nil, "openblas_set_num_threads") else { return true }
            unsafeBitCast(found, to: (@convention(c) (Int32) -> Void).self)(1)
            return true
        }()
    #endif

    private static func letter(_ scalar: Unicode.Scalar) -> CChar { CChar(scalar.value) }
}
