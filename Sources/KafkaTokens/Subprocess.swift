import CLinux
import EventLoop
import EventModel
import Glibc

/// A program that is run for what it prints, without a shell. It gets this process's environment, an empty standard input, and
/// neither its other descriptors nor its blocked signals. What it says on standard error is nobody's: it may hold secrets.
struct Subprocess: Sendable {
    /// What became of it instead of output; a clause that follows its name.
    struct Failure: Error, Equatable, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    /// The path of the program, then its arguments.
    var arguments: [String]
    /// After this it is killed, with all processes that it started and that did not leave its process group.
    var timeout: TimeSpan
    /// More bytes are a failure.
    var maximumOutput = 64 << 10

    /// Waits until it has ended; with another status than 0 it has failed.
    func output() throws(Failure) -> [UInt8] {
        let deadline = EventLoop.now() + timeout.nanoseconds
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure("cannot be run: \(Self.reason(errno))") }
        let spawned = Result { () throws(Failure) in try spawn(writingTo: ends[1]) }
        close(ends[1])
        defer { close(ends[0]) }
        let child = try spawned.get()
        let printed = Result { () throws(Failure) in try read(ends[0], until: deadline) }
        if case .failure = printed { kill(-child, SIGKILL) }
        let ended = Result { () throws(Failure) in try waitForEnd(of: child, until: deadline) }
        let output = try printed.get()
        let status = try ended.get()
        // WIFSIGNALED, WTERMSIG, WEXITSTATUS
        guard status & 0x7F == 0 else { throw Failure("was ended by signal \(status & 0x7F)") }
        guard status == 0 else { throw Failure("failed with status \(status >> 8 & 0xFF)") }
        return output
    }

    private func spawn(writingTo descriptor: Int32) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        // Libraries may have opened some that would be inherited.
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawnattr_setpgroup(&attributes, 0)
        // librdkafka's threads block all signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)

        let texts = arguments.map { strdup($0) }
        defer { for text in texts { free(text) } }
        var child = pid_t()
        let error = posix_spawn(&child, arguments[0], &actions, &attributes, texts + [nil], environ)
        guard error == 0 else { throw Failure("cannot be run: \(Self.reason(error))") }
        return child
    }

    /// All that it prints until it closes its output.
    private func read(_ descriptor: Int32, until deadline: Int64) throws(Failure) -> [UInt8] {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = max(0, deadline - EventLoop.now())
            let ready = poll(&readable, 1, Int32(clamping: (left + 999_999) / 1_000_000))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { throw Failure("does not end within \(timeout)") }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return output }
            output += buffer[..<count]
            guard output.count <= maximumOutput else { throw Failure("prints more than \(maximumOutput) bytes") }
        }
    }

    /// As `waitpid` has it. Ends it if it does not end by itself.
    private func waitForEnd(of child: pid_t, until deadline: Int64) throws(Failure) -> Int32 {
        var status: Int32 = 0
        var isKilled = false
        while true {
            let ended = waitpid(child, &status, isKilled ? 0 : WNOHANG)
            if ended == child, isKilled { throw Failure("does not end within \(timeout)") }
            if ended == child { return status }
            if ended < 0, errno != EINTR { throw Failure("cannot be waited for: \(Self.reason(errno))") }
            // It has closed its output and is about to end, unless it does something strange.
            if !isKilled, EventLoop.now() < deadline { usleep(2000) } else {
                kill(-child, SIGKILL)
                isKilled = true
            }
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
