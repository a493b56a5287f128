import ArgumentParser
import BridgeRuntime
import EventFormats
import EventModel
import TerminalViews

/// Lines of a file as the records that `publish` would make of them.
struct EventList {
    /// Where it was read from, for messages.
    let name: String
    private(set) var lines: [GivenLog.Line] = []
    private var problems: [(line: Int, message: String)] = []
    private let key: [UInt8]?
    private let headers: [(name: String, value: String)]

    /// Beyond so many, problems are only counted.
    private static let named = 20

    /// - Parameters:
    ///   - key: of every record that has none of its own.
    ///   - headers: of every record.
    ///   - areRecords: whether lines are records, not their values; see `RecordLine`.
    init(_ file: String, key: String?, headers: [(name: String, value: String)], areRecords: Bool) throws {
        name = file == "-" ? "standard input" : file
        self.key = key.map { Array($0.utf8) }
        self.headers = headers
        var input = try Input(file)
        while let line = try input.nextLine() {
            guard !EventInput.isBlank(line) else { continue }
            let number = input.lineNumber
            line.withUnsafeBytes { areRecords ? addRecord($0, number) : addValue($0, number) }
        }
        try end()
    }

    /// As `Publisher` does it.
    private mutating func addValue(_ value: UnsafeRawBufferPointer, _ number: Int) {
        switch EventInput.kind(of: value) {
        case .notJSON(let reason):
            problems.append((number, "not JSON: \(reason); write one JSON value in one line"))
        case .otherJSON:
            lines.append(GivenLog.Line(number: number, key: key, value: Array(value), headers: headers))
        case .cloudEvent:
            lines.append(GivenLog.Line(number: number, key: key, value: Array(value), headers: EventInput.cloudEventHeaders(headers)))
        }
    }

    private mutating func addRecord(_ text: UnsafeRawBufferPointer, _ number: Int) {
        do throws(RecordLine.Problem) {
            let record = try RecordLine(text)
            var given = headers + record.headers
            let isCloudEvent = record.value.withUnsafeBytes { EventInput.kind(of: $0) } == .cloudEvent
            if isCloudEvent { given = EventInput.cloudEventHeaders(given) }
            lines.append(GivenLog.Line(
                number: number, key: record.key ?? key, value: record.value, headers: given, timestamp: record.timestamp,
                partition: record.partition))
        } catch {
            problems.append((number, error.message))
        }
    }

    private func end() throws {
        for problem in problems.prefix(Self.named) { printError(sentence(problem.line, problem.message)) }
        let more = problems.count - Self.named
        if more > 0 { printError("\(Numbers.counted(more, "more line")) of \(name) cannot be used") }
        guard problems.isEmpty else { throw ExitCode.findings }
        guard !lines.isEmpty else { throw Failed("\(name) has no events; write one JSON value in each line") }
    }

    func log(of manifest: TopicManifest, _ schemas: (any SchemaSource)?, now: WallTime) throws -> GivenLog {
        do throws(GivenLog.Problem) {
            return try GivenLog(lines, of: manifest, schemas: schemas, now: now)
        } catch {
            printError(sentence(error.line, error.message))
            throw ExitCode.findings
        }
    }

    private func sentence(_ line: Int, _ message: String) -> String { "\(name):\(line): error: \(message)" }
}
