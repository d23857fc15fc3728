internal import PlumbBasics

#if canImport(CryptoKit)
    internal import CryptoKit
#else
    internal import CCrypto
#endif

/// A checksum taken while bytes pass by: libcrypto's on Linux, CryptoKit's on Apple systems.
final class Digest {
    enum Kind { case sha256, sha1 }

    #if canImport(CryptoKit)
        private var sha256 = SHA256()
        private var sha1 = Insecure.SHA1()
        private let kind: Kind

        init(_ kind: Kind) { self.kind = kind }

        func update(_ bytes: UnsafeRawBufferPointer) {
            switch kind {
            case .sha256: sha256.update(bufferPointer: bytes)
            case .sha1: sha1.update(bufferPointer: bytes)
            }
        }

        /// The checksum of everything so far.
        var value: [UInt8] {
            switch kind {
            case .sha256: Array(sha256.finalize())
            case .sha1: Array(sha1.finalize())
            }
        }
    #else
        private let context: OpaquePointer

        init(_ kind: Kind) {
            guard let context = EVP_MD_CTX_new(),
                EVP_DigestInit_ex(context, kind == .sha256 ? EVP_sha256() : EVP_sha1(), nil) == 1
            else { unmet("libcrypto cannot compute \(kind)") }
            self.context = context
        }

        deinit { EVP_MD_CTX_free(context) }

        func update(_ bytes: UnsafeRawBufferPointer) {
            guard let base = bytes.baseAddress else { return }
            EVP_DigestUpdate(context, base, bytes.count)
        }

        /// The checksum of everything so far.
        var value: [UInt8] {
            var result = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var count: UInt32 = 0
            guard let copy = EVP_MD_CTX_new() else { unmet("out of memory for a checksum") }
            defer { EVP_MD_CTX_free(copy) }
            EVP_MD_CTX_copy_ex(copy, context)
            EVP_DigestFinal_ex(copy, &result, &count)
            return Array(result.prefix(Int(count)))
        }
    #endif
}
