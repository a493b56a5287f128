public import EventModel
@preconcurrency import Glibc

/// The outside world as the loaders see it: variables and files. Injected, so that loading is a function of its inputs.
public struct Environment: Sendable {
    public var variables: [String: String]
    /// The content of a file, or why it cannot be had.
    public var readFile: @Sendable (_ path: String) -> Result<[UInt8], FileError>
    /// The names in a folder, in any order.
    public var listFolder: @Sendable (_ path: String) -> Result<[String], FileError>
    /// What is known of a file without reading it, links followed; nil when it is not there.
    public var stamp: @Sendable (_ path: String) -> FileStamp?
    /// Whether there is a file that may be run as a program.
    public var isExecutable: @Sendable (_ path: String) -> Bool
    /// For what has a date.
    public var now: @Sendable () -> WallTime

    public init(
        variables: [String: String],
        readFile: @escaping @Sendable (String) -> Result<[UInt8], FileError>,
        listFolder: @escaping @Sendable (String) -> Result<[String], FileError>,
        stamp: @escaping @Sendable (String) -> FileStamp?,
        isExecutable: @escaping @Sendable (String) -> Bool,
        now: @escaping @Sendable () -> WallTime
    ) {
        self.variables = variables
        self.readFile = readFile
        self.listFolder = listFolder
        self.stamp = stamp
        self.isExecutable = isExecutable
        self.now = now
    }

    /// This process's variables and the file system.
    public static func process() -> Environment {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return .fileSystem(variables: variables)
    }

    /// The file system, with the given variables.
    public static func fileSystem(variables: [String: String]) -> Environment {
        Environment(
            variables: variables, readFile: FileSystem.read, listFolder: FileSystem.list, stamp: FileSystem.stamp,
            isExecutable: FileSystem.isExecutable, now: FileSystem.now)
    }
}

/// Why a file or folder cannot be read, in the words of the C library.
public struct FileError: Error, Sendable, Equatable {
    public var isMissing: Bool
    public var message: String

    public init(isMissing: Bool = false, message: String) {
        self.isMissing = isMissing
        self.message = message
    }
}

/// Equal stamps mean, for all that `stat` can tell, the same content.
///
/// The inode is that of the resolved file: replacing the link that a Kubernetes volume's files go through changes it.
public struct FileStamp: Sendable, Hashable {
    public var device: UInt64
    public var inode: UInt64
    /// In bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var modified: Int64

    public init(device: UInt64, inode: UInt64, size: Int64, modified: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
    }
}

private enum FileSystem {
    /// More than any manifest, secret or schema; a wrong path to a device or a log does not fill the memory.
    static let sizeLimit = 16 << 20

    @Sendable static func read(_ path: String) -> Result<[UInt8], FileError> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(lastError()) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(lastError())
            }
            if count == 0 { return .success(bytes) }
            bytes += buffer[..<count]
            if bytes.count > sizeLimit { return .failure(FileError(message: "larger than 16 MiB")) }
        }
    }

    @Sendable static func list(_ path: String) -> Result<[String], FileError> {
        guard let folder = opendir(path) else { return .failure(lastError()) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return .success(names)
    }

    @Sendable static func stamp(_ path: String) -> FileStamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }

    @Sendable static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    @Sendable static func now() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func lastError() -> FileError {
        let code = errno
        return FileError(isMissing: code == ENOENT || code == ENOTDIR, message: String(cString: strerror(code)))
    }
}
