import EventModel
import FoundationEssentials
import Glibc
import Simulator

/// One worker: takes a job at a time, and is started again when a job has stopped it.
final class WorkerProcess {
    private let limit: Int
    /// Says where it happened when the process stops. That takes a second or two.
    private let explainsTraps: Bool
    private var process: pid_t = -1
    private var input: Int32 = -1
    private var output: LineReader?
    /// What the process writes to standard error.
    private var errors: Int32 = -1
    private(set) var job: Job?

    init(limit: Int, explainsTraps: Bool = false) {
        self.limit = limit
        self.explainsTraps = explainsTraps
    }

    deinit { end() }

    var isBusy: Bool { job != nil }

    /// Becomes readable when there is something to `receive`.
    var descriptor: Int32 { output!.descriptor }

    func send(_ job: Job) throws {
        precondition(self.job == nil, "a worker does one job at a time")
        if process < 0 { try start() }
        self.job = job
        Output.write(job.line() + "\n", to: input)
    }

    /// Waits for what the worker says next.
    ///
    /// - Returns: the job's outcome; nil for a line of the story, which the listener got.
    func receive(_ listener: (Substring) -> Void = { _ in }) throws -> Outcome? {
        guard let job else { return nil }
        guard let line = output!.next() else {
            self.job = nil
            return Outcome(job, end())
        }
        if line.first == Reply.storyMark {
            listener(line.dropFirst())
            return nil
        }
        self.job = nil
        return try Outcome(line: line)
    }

    /// The whole job.
    func run(_ job: Job, _ listener: (Substring) -> Void = { _ in }) throws -> Outcome {
        try send(job)
        while true { if let outcome = try receive(listener) { return outcome } }
    }

    // MARK: The process

    private func start() throws {
        let toWorker = try Self.pipe()
        let fromWorker = try Self.pipe()
        errors = try Self.namelessFile()

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toWorker.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, fromWorker.write, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)

        let arguments = Self.cStrings(["fanfare-simulate", "work", "--limit", "\(limit)"])
        let backtrace = explainsTraps ? "enable=yes,interactive=no,color=no,threads=crashed,images=none,registers=none" : "enable=no"
        let variables = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": backtrace]) { $1 }
        let environment = Self.cStrings(variables.map { "\($0)=\($1)" })
        defer { for text in arguments + environment { free(text) } }
        let failure = posix_spawn(&process, "/proc/self/exe", &actions, nil, arguments, environment)
        close(toWorker.read)
        close(fromWorker.write)
        input = toWorker.write
        output = LineReader(descriptor: fromWorker.read)
        guard failure == 0 else {
            process = -1
            throw SystemFailure("posix_spawn", failure)
        }
    }

    /// To be freed; ended by nil.
    private static func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] { texts.map { strdup($0) } + [nil] }

    /// A pipe that no other process inherits by accident.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw SystemFailure("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func namelessFile() throws -> Int32 {
        var name = Array("/tmp/fanfare-simulate-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        guard file >= 0 else { throw SystemFailure("mkstemp") }
        unlink(name)
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        return file
    }

    /// Ends the process, or finds it ended, and says how.
    @discardableResult
    private func end() -> Violation {
        guard process >= 0 else { return Violation(.trap, at: .zero, "the process did not run") }
        close(input)
        close(output!.descriptor)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        process = -1
        let said = Self.contents(of: errors)
        close(errors)
        let signal = status & 0x7f
        if signal == SIGPROF { return Violation(.progress, at: .zero, "no end after \(limit) s of processor time") }
        let how = signal == 0 ? "ended with status \(status >> 8)" : "was stopped by signal \(signal) (\(String(cString: strsignal(signal))))"
        return Violation(.trap, at: .zero, (["the process \(how)"] + Self.essence(of: said)).joined(separator: "\n"))
    }

    private static func contents(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Of a Swift backtrace the reason, and the places in sources of ours.
    private static func essence(of said: String) -> [String] {
        let lines = said.split(separator: "\n")
        let places = lines.filter { $0.contains(" in ") && $0.contains(" at /") && $0.contains("/Sources/") }
        let reasons = lines.filter { $0.contains("atal error") }
        let chosen = reasons.prefix(1) + places.prefix(8)
        return (chosen.isEmpty ? lines.prefix(10) : chosen).map { "  " + $0.drop { $0 == " " } }
    }
}

struct SystemFailure: Error, CustomStringConvertible {
    let description: String
    init(_ call: String, _ code: Int32 = errno) { description = "\(call): \(String(cString: strerror(code)))" }
}

/// Lines from a descriptor.
final class LineReader {
    let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Waits for the next line; nil at the end.
    func next() -> Substring? {
        while true {
            if let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Substring(decoding: buffer[start..<end], as: UTF8.self)
            }
            buffer.removeSubrange(..<start)
            start = 0
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }
}
