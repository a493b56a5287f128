import EventFormats
import EventModel

/// Why a record of the control topic cannot be read.
public struct ControlRecordError: Error, Equatable, CustomStringConvertible {
    public var description: String
}

// The JSON of records. Members that are not known are left alone: a later version may have written them.
extension ControlRecord {
    /// Nil for a key that is not known; it may be a later version's.
    public static func read(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) throws(ControlRecordError) -> ControlRecord? {
        guard let key, let text = String(validating: key, as: UTF8.self) else {
            throw ControlRecordError(description: "its key is not text")
        }
        guard let known = ControlKey(text) else { return nil }
        guard let value else { return .forgotten(known) }
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(value)
        } catch {
            throw ControlRecordError(description: "\(text): not JSON: \(error)")
        }
        return try ControlFields(root, of: text).record(known)
    }

    /// What stands for no level.
    fileprivate static let configuredLevel = "configured"

    /// Nil for a tombstone.
    public var json: String? {
        switch self {
        case .pause(_, let pause):
            JSONObjectText().add("paused", pause.isPaused).add(pause.change).text
        case .suspension(_, let suspension):
            JSONObjectText().add("suspended", suspension.isSuspended).add("manifest", suspension.manifest).add(suspension.change).text
        case .seek(_, let seek):
            JSONObjectText().add("id", seek.id).add("topic", seek.topic).add("to", seek.to).add("offsets", seek.offsets).add(seek.change).text
        case .soughtPartition(_, _, let seek):
            JSONObjectText().add("id", seek).text
        case .registration(_, let registration):
            if let definition = registration.definition {
                JSONObjectText().add("definition", json: definition).add(registration.change).text
            } else {
                JSONObjectText().add("deleted", true).add(registration.change).text
            }
        case .replica(_, let replica):
            JSONObjectText().add("host", replica.host).add("startedAt", replica.startedAt.rfc3339).add("position", replica.position).text
        case .logLevel(let change):
            JSONObjectText().add("level", change.level?.rawValue ?? Self.configuredLevel).add("until", change.until.rfc3339).add(change.change).text
        case .job(_, let order):
            JSONObjectText().add("run", order.run).add("replica", order.replica).add("request", json: order.request).add(order.change).add(order.outcome).text
        case .jobStop(_, let stop):
            JSONObjectText().add("run", stop.run).add(stop.change).text
        case .forgotten:
            nil
        }
    }
}

/// The members of a record's value.
private struct ControlFields {
    private let root: JSONValue
    private let key: String

    init(_ root: JSONValue, of key: String) {
        self.root = root
        self.key = key
    }

    func record(_ known: ControlKey) throws(ControlRecordError) -> ControlRecord {
        switch known {
        case .pause(let name):
            return .pause(subscription: name, Pause(isPaused: try flag("paused"), change: try change()))
        case .suspension(let name):
            let isSuspended = try flag("suspended")
            return .suspension(
                subscription: name,
                Suspension(isSuspended: isSuspended, manifest: try isSuspended ? text("manifest") : "", change: try change()))
        case .seek(let name):
            return .seek(
                subscription: name,
                Seek(id: try text("id"), topic: try text("topic"), to: try text("to"), offsets: try offsets(), change: try change()))
        case .soughtPartition(let name, let partition):
            return .soughtPartition(subscription: name, partition: partition, seek: try text("id"))
        case .registration(let name):
            let isDeleted = member("deleted") == nil ? false : try flag("deleted")
            let definition = isDeleted ? nil : String(decoding: try required("definition", .object).raw, as: UTF8.self)
            return .registration(subscription: name, Registration(definition: definition, change: try change()))
        case .replica(let name):
            return .replica(
                name: name, Replica(host: try text("host"), startedAt: try time("startedAt"), position: try number("position")))
        case .logLevel:
            return .logLevel(LogLevelChange(level: try level(), until: try time("until"), change: try change()))
        case .job(let id):
            let request = String(decoding: try required("request", .object).raw, as: UTF8.self)
            return .job(id, JobOrder(run: try text("run"), replica: try text("replica"), request: request, change: try change(), outcome: try outcome()))
        case .jobStop(let id):
            return .jobStop(id, JobStop(run: try text("run"), change: try change()))
        }
    }

    private func level() throws(ControlRecordError) -> LogLevel? {
        let word = try text("level")
        guard word != ControlRecord.configuredLevel else { return nil }
        guard let level = LogLevel(rawValue: word) else { throw fault("level", "is no level of the log") }
        return level
    }

    private func change() throws(ControlRecordError) -> Attribution {
        Attribution(by: try text("by"), at: try time("at"), reason: member("reason") == nil ? "" : try text("reason"))
    }

    private func outcome() throws(ControlRecordError) -> JobOrder.Outcome? {
        guard member("end") != nil else { return nil }
        guard let end = JobOrder.End(rawValue: try text("end")) else { throw fault("end", "is not known") }
        return JobOrder.Outcome(
            end: end, at: try time("endedAt"), message: member("message") == nil ? "" : try text("message"), sent: try number("sent"),
            refused: try number("refused"))
    }

    private func offsets() throws(ControlRecordError) -> [Int32: Int64] {
        var offsets: [Int32: Int64] = [:]
        for entry in try required("offsets", .object).members {
            guard let partition = Int32(Self.string(entry.name) ?? ""), partition >= 0, let offset = Self.integer(entry.value), offset >= 0
            else { throw fault("offsets", "is not a mapping of partitions to offsets") }
            offsets[partition] = offset
        }
        return offsets
    }

    private func flag(_ name: String) throws(ControlRecordError) -> Bool {
        try required(name, .boolean).raw[0] == UInt8(ascii: "t")
    }

    private func text(_ name: String) throws(ControlRecordError) -> String {
        guard let text = Self.string(try required(name, .string)) else { throw fault(name, "is not text") }
        return text
    }

    private func number(_ name: String) throws(ControlRecordError) -> Int64 {
        guard let number = Self.integer(try required(name, .number)) else { throw fault(name, "is not a whole number") }
        return number
    }

    private func time(_ name: String) throws(ControlRecordError) -> WallTime {
        guard let time = WallTime(rfc3339: try text(name)) else { throw fault(name, "is not a time as RFC 3339 writes it") }
        return time
    }

    private func required(_ name: String, _ kind: JSONValue.Kind) throws(ControlRecordError) -> JSONValue {
        guard let value = member(name) else { throw fault(name, "is missing") }
        guard value.kind == kind else { throw fault(name, "is no \(kind)") }
        return value
    }

    private func member(_ name: String) -> JSONValue? {
        var last: JSONValue?
        for member in root.members where Self.string(member.name) == name { last = member.value }
        return last
    }

    private func fault(_ name: String, _ what: String) -> ControlRecordError {
        ControlRecordError(description: "\(key): \(name) \(what)")
    }

    private static func string(_ value: JSONValue) -> String? {
        let writer = ByteWriter(capacity: value.raw.count)
        guard value.kind == .string, value.appendUnescaped(to: writer) else { return nil }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func integer(_ value: JSONValue) -> Int64? {
        value.kind == .number ? Int64(String(decoding: value.raw, as: UTF8.self)) : nil
    }
}

extension JSONObjectText {
    fileprivate func add(_ name: StaticString, _ offsets: [Int32: Int64]) -> JSONObjectText {
        let members = offsets.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        return add(name, json: "{\(members.joined(separator: ","))}")
    }

    fileprivate func add(_ outcome: JobOrder.Outcome?) -> JSONObjectText {
        guard let outcome else { return self }
        let told = add("end", outcome.end.rawValue).add("endedAt", outcome.at.rfc3339).add("sent", outcome.sent).add("refused", outcome.refused)
        return outcome.message.isEmpty ? told : told.add("message", outcome.message)
    }

    fileprivate func add(_ change: Attribution) -> JSONObjectText {
        let named = add("by", change.by).add("at", change.at.rfc3339)
        return change.reason.isEmpty ? named : named.add("reason", change.reason)
    }
}
