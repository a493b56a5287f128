import ArgumentParser
import Glibc
import Simulator

/// Runs jobs that stand line by line on standard input, until it ends.
///
/// A process of its own, because what is tested may stop it: the engine's own assertions do not return.
struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Used by the other commands.", shouldDisplay: false)

    @Option(help: "Processor time for one job, in seconds.")
    var limit: Int

    func run() throws {
        while let line = readLine() {
            let job = try Job(line: line)
            limitProcessorTime()
            let listener: ((TraceLine) -> Void)? = job.tellsStory ? { Output.write("\(Reply.storyMark)\($0)\n") } : nil
            Output.write(try job.run(listener).line() + "\n")
        }
    }

    /// SIGPROF ends the process when the time is up: a job that never ends must not stop all others.
    private func limitProcessorTime() {
        var timer = itimerval()
        timer.it_value.tv_sec = limit
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }
}

/// What a worker writes.
enum Reply {
    /// Begins a line of the story; other lines are outcomes.
    static let storyMark: Character = "|"
}

/// Standard output, unbuffered: when the process is stopped, what it has said is out.
enum Output {
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count < 0, errno != EINTR { return }
                sent += max(0, count)
            }
        }
    }
}
