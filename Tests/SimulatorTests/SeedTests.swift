import EventModel
import Foundation
import Simulator
import Testing

/// A few seeds in this process, for those who run `swift test`; `make test-simulator` runs thousands.
@Suite struct SeedTests {
    @Test func `the contract holds in random scenarios full of faults`() {
        for seed in 1...100 as ClosedRange<UInt64> {
            let result = Simulation(.random(seed: seed)).run()
            guard result.violations.isEmpty else {
                Issue.record("seed \(seed): \(result.violations[0])\nfanfare-simulate replay \(seed)")
                return
            }
        }
    }

    @Test func `a seed decides everything`() {
        for seed: UInt64 in [1, 7, 42, 302] {
            let first = Simulation(.random(seed: seed)).run()
            let second = Simulation(.random(seed: seed)).run()
            #expect(first.digest == second.digest)
            #expect(first.steps == second.steps)
        }
    }

    /// Swift's hashing differs from process to process, and with it the order of dictionaries and sets.
    @Test func `other processes go the same way`() throws {
        let first = try Tool.run("run", "--seeds", "1-60", "--twice", "--output", "json")
        let second = try Tool.run("run", "--seeds", "1-60", "--output", "json")
        #expect(try first.summary().digest == second.summary().digest)
        #expect(try first.summary().seeds == 60)
        let result = Simulation(.random(seed: 60)).run()
        let replayed = try Tool.run("replay", "60")
        #expect(replayed.output.contains("digest " + String(format: "%016llx", result.digest)))
    }

    @Test func `a process that stops itself is that scenario's failure`() throws {
        var scenario = Scenario.random(seed: 1)
        // Time does not go back.
        scenario.faultsFor = .seconds(-1)
        let file = FileManager.default.temporaryDirectory.appending(path: "trap-\(UUID()).json")
        try scenario.json.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let run = try Tool.run("replay", "--scenario", file.path)
        #expect(run.status == 1)
        #expect(run.output.contains("trap at 0.0 s: the process was stopped by signal"))
    }
}

/// The program that was built along with these tests.
private struct Tool {
    struct Summary: Decodable {
        var seeds: Int
        var digest: String
    }

    var status: Int32
    var output: String

    func summary() throws -> Summary { try JSONDecoder().decode(Summary.self, from: Data(output.utf8)) }

    static func run(_ arguments: String...) throws -> Tool {
        let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appending(path: "fanfare-simulate")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Tool(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
    }
}
