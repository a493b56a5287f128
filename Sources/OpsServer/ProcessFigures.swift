import Glibc

/// What Linux says of this process, read without keeping anything open. A figure that cannot be read is zero.
package struct ProcessFigures: Sendable {
    package var cpuSeconds: Double = 0
    package var residentBytes: Int = 0
    package var virtualBytes: Int = 0
    package var threads: Int = 0
    package var openDescriptors: Int = 0
    package var maxDescriptors: Int = 0

    package init() {}

    package static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        figures.readStat()
        figures.openDescriptors = countDescriptors()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.maxDescriptors = Int(clamping: limit.rlim_cur)
        }
        return figures
    }

    /// proc(5), `/proc/pid/stat`: the program's name in field 2 may hold spaces and parentheses, so counting begins after
    /// the last `)`, with field 3. utime is 14, stime 15, num_threads 20, vsize 23, rss (in pages) 24.
    private mutating func readStat() {
        guard let text = Self.contents("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return }
        let fields = text[text.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> Int { fields.indices.contains(number - 3) ? Int(fields[number - 3]) ?? 0 : 0 }
        cpuSeconds = Double(field(14) + field(15)) / Double(sysconf(Int32(_SC_CLK_TCK)))
        threads = field(20)
        virtualBytes = field(23)
        residentBytes = field(24) * sysconf(Int32(_SC_PAGESIZE))
    }

    private static func contents(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // One read of procfs gives a consistent line, which is far shorter than this.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    private static func countDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // "." and "..", and the descriptor of this very look.
        return max(0, count - 3)
    }
}
