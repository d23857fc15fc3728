internal import Foundation

/// Why the system refused something, in plain words.
///
/// - Parameters:
///   - code: the system's error number.
///   - path: what it is about; tells a full disk from a file system without room for one more file.
public func systemReason(_ code: Int32, at path: String = "") -> String {
    systemReason(code, isOutOfFiles: code == ENOSPC && hasNoRoomForFiles(path))
}

func systemReason(_ code: Int32, isOutOfFiles: Bool) -> String {
    switch code {
    case ENOENT: "there is no such file or folder"
    case EACCES, EPERM: "permission denied"
    case ENOSPC: isOutOfFiles ? "the file system has no room for another file" : "the disk is full"
    case EDQUOT: "your share of the disk is used up"
    case EFBIG: "the file is larger than the file system or a limit allows"
    case EROFS: "the file system is read-only"
    case EISDIR: "it is a folder"
    case ENOTDIR: "a part of the path is a file, not a folder"
    case EEXIST: "it exists already"
    case ENOTEMPTY: "the folder is not empty"
    case ENAMETOOLONG: "the name is too long"
    case ELOOP: "its links lead in a circle"
    case EMFILE, ENFILE: "too many files are open"
    case ENXIO: "it is a pipe or a device that nobody reads"
    case EIO: "the disk does not answer as it should"
    case EBADF: "it is closed"
    case EPIPE: "nobody reads it any more"
    case ENOMEM: "there is not enough memory"
    case EBUSY, ETXTBSY: "it is in use"
    default: String(cString: strerror(code))
    }
}

/// Why what is at `path` cannot be looked at, in plain words: a folder on the way that may not be entered, links in a
/// circle, a link that leads nowhere. nil where it can be, and where there is nothing of that name.
public func obstacle(at path: String) -> String? {
    var status = stat()
    guard stat(path, &status) != 0 else { return nil }
    let code = errno
    guard code == ENOENT else { return code == ENOTDIR ? nil : systemReason(code, at: path) }
    return lstat(path, &status) == 0 ? "its link leads nowhere" : nil
}

/// An error in one plain sentence: what Foundation throws says "Error Domain=…" of itself.
public func sentence(of error: any Error) -> String {
    switch error {
    case let error as DecodingError: return sentence(of: error)
    case EncodingError.invalidValue(_, let context):
        return "this cannot be written\(place(context.codingPath)): \(context.debugDescription)"
    default: break
    }
    guard isOfFoundation(error) else { return "\(error)" }
    let path = filePath(of: error as NSError)
    let reason = systemReason(of: error)
    return path.map { "\($0): \(reason)" } ?? reason
}

/// Why the system refused something, from whatever Foundation throws: the sentence alone, without the path.
public func systemReason(of error: any Error) -> String {
    guard isOfFoundation(error) else { return sentence(of: error) }
    let error = error as NSError
    let path = filePath(of: error) ?? ""
    if error.domain == NSPOSIXErrorDomain { return systemReason(Int32(error.code), at: path) }
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error, isOfFoundation(underlying),
        (underlying as NSError).domain == NSPOSIXErrorDomain
    {
        return systemReason(Int32((underlying as NSError).code), at: path)
    }
    guard error.domain == NSCocoaErrorDomain else { return error.localizedDescription }
    switch CocoaError.Code(rawValue: error.code) {
    case .fileNoSuchFile, .fileReadNoSuchFile: return systemReason(ENOENT)
    case .fileReadNoPermission, .fileWriteNoPermission: return systemReason(EACCES)
    case .fileWriteOutOfSpace: return systemReason(ENOSPC, at: path)
    case .fileWriteVolumeReadOnly: return systemReason(EROFS)
    case .fileWriteFileExists: return systemReason(EEXIST)
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: return "this cannot be a file's name"
    case .fileReadTooLarge: return "it is too large"
    case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: return "it is not UTF-8 text"
    default: return "the system refused it (code \(error.code))"
    }
}

/// A decoder's complaint in one sentence, with the place where it lies.
public func sentence(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context):
        return "\"\(visible(key.stringValue))\" is missing\(place(context.codingPath))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        return context.debugDescription.trimmingCharacters(in: CharacterSet(charactersIn: "."))
            + place(context.codingPath)
    @unknown default: return String(describing: error)
    }
}

private func place(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "" : " at " + visible(path.map(\.stringValue).joined(separator: "."))
}

private func isOfFoundation(_ error: any Error) -> Bool {
    error is CocoaError || error is POSIXError || error is URLError || type(of: error) is NSError.Type
}

private func filePath(of error: NSError) -> String? {
    error.userInfo[NSFilePathErrorKey] as? String ?? (error.userInfo[NSURLErrorKey] as? URL)?.path
}

/// Whether the file system of `path`, or of the nearest folder above it that exists, has used up its files.
private func hasNoRoomForFiles(_ path: String) -> Bool {
    guard !path.isEmpty else { return false }
    var folder = URL(fileURLWithPath: path)
    while true {
        var status = statvfs()
        if statvfs(folder.path, &status) == 0 { return hasNoRoomForFiles(status) }
        guard folder.path != "/" else { return false }
        folder.deleteLastPathComponent()
    }
}

/// Whether a file system that counts its files has none left; some do not count them and say 0 of 0.
func hasNoRoomForFiles(_ status: statvfs) -> Bool { status.f_files > 0 && status.f_favail == 0 }
