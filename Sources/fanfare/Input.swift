import ArgumentParser
import BridgeRuntime
import EventFormats
import EventModel
import Glibc

/// What a command reads: a file, or standard input.
struct Input: ~Copyable {
    private let descriptor: Int32
    private let name: String
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// Lines handed out so far.
    private(set) var lineNumber = 0

    /// - Parameter file: `-` or nil is standard input.
    init(_ file: String?) throws {
        guard let file, file != "-" else {
            descriptor = STDIN_FILENO
            name = "standard input"
            if isatty(STDIN_FILENO) == 1 { printError("reading from the terminal; end with ctrl-D") }
            return
        }
        descriptor = open(file, O_RDONLY | O_CLOEXEC)
        name = file
        guard descriptor >= 0 else { throw Failed("cannot read \(file): \(String(cString: strerror(errno)))") }
    }

    deinit { if descriptor > STDIN_FILENO { close(descriptor) } }

    /// The next line without its line break; nil at the end. A last line need not have one.
    mutating func nextLine() throws -> ArraySlice<UInt8>? {
        var searched = position
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                return line(until: end)
            }
            searched = buffer.count - position
            guard try fill() else { break }
        }
        guard position < buffer.count else { return nil }
        defer { position = buffer.count }
        return line(until: buffer.count)
    }

    private mutating func line(until end: Int) -> ArraySlice<UInt8> {
        lineNumber += 1
        let hasReturn = end > position && buffer[end - 1] == UInt8(ascii: "\r")
        return buffer[position..<(hasReturn ? end - 1 : end)]
    }

    /// Everything.
    mutating func readAll() throws -> [UInt8] {
        while try fill() {}
        return buffer
    }

    /// Reads more behind what has not been handed out yet, which moves to the buffer's beginning. False at the end.
    private mutating func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        buffer.removeFirst(position)
        position = 0
        let old = buffer.count
        let chunk = 256 << 10
        buffer.append(contentsOf: repeatElement(0, count: chunk))
        var count: Int
        repeat {
            count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + old, chunk) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw Failed("cannot read \(name): \(String(cString: strerror(errno)))") }
        buffer.removeLast(chunk - count)
        isAtEnd = count == 0
        return count > 0
    }
}

/// A record as `publish` writes it and `explain` expects it.
enum EventInput {
    enum Kind: Equatable { case cloudEvent, otherJSON, notJSON(String) }

    /// A JSON object with the attributes that every CloudEvent has is meant to be one.
    static func kind(of value: UnsafeRawBufferPointer) -> Kind {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(value)
        } catch {
            return .notJSON(error.description)
        }
        guard root.kind == .object else { return .otherJSON }
        var missing = required
        for member in root.members {
            missing.removeAll { $0.utf8.elementsEqual(member.name.stringBody) }
            if missing.isEmpty { return .cloudEvent }
        }
        return .otherJSON
    }

    /// The text of a CloudEvent's attribute; nil where it has none.
    static func attribute(_ name: String, of event: UnsafeRawBufferPointer) -> ByteWriter? {
        guard let root = try? JSONScanner.scan(event) else { return nil }
        let text = ByteWriter()
        for member in root.members where name.utf8.elementsEqual(member.name.stringBody) {
            switch member.value.kind {
            case .string: return member.value.appendUnescaped(to: text) ? text : nil
            case .number, .boolean:
                text.append(member.value.raw)
                return text
            case .null, .object, .array: return nil
            }
        }
        return nil
    }

    private static let required = ["specversion", "id", "source", "type"]

    static func isBlank(_ line: ArraySlice<UInt8>) -> Bool { line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }

    /// One event from a file or standard input, as `publish` would send it.
    static func record(from file: String?, headers: [(name: String, value: String)] = [], at now: WallTime) throws -> GivenRecord {
        var input = try Input(file)
        return record(of: try input.readAll(), headers: headers, at: now)
    }

    /// One event, as `publish` would send it.
    static func record(of text: [UInt8], headers: [(name: String, value: String)] = [], at now: WallTime) -> GivenRecord {
        var value = text
        // A line's break is not part of what `publish` would send. Bytes that no text begins with are taken as they are.
        if value.last == UInt8(ascii: "\n"), value.first != 0 { value.removeLast() }
        let isCloudEvent = value.withUnsafeBytes { kind(of: $0) } == .cloudEvent
        return GivenRecord(key: nil, value: value, headers: isCloudEvent ? cloudEventHeaders(headers) : headers, timestamp: now)
    }

    /// `--header name=value`, as often as given.
    static func headers(_ texts: [String]) throws -> [(name: String, value: String)] {
        try texts.map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--header \(text): write name=value, for example --header content-type=application/json")
            }
            return (name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
        }
    }

    /// What a structured CloudEvent is sent with: its content type is added unless one is given.
    static func cloudEventHeaders(_ given: [(name: String, value: String)]) -> [(name: String, value: String)] {
        if given.contains(where: { $0.name.lowercased() == "content-type" }) { return given }
        return given + [(name: "content-type", value: "application/cloudevents+json")]
    }

    /// `{"n":1,"padding":"xxx"}` of about so many bytes, and never fewer than the number needs.
    static func madeUp(_ number: Int, size: Int) -> [UInt8] {
        let frame = "{\"n\":\(number),\"padding\":\""
        let padding = max(0, size - frame.utf8.count - 2)
        return Array(frame.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: padding) + Array("\"}".utf8)
    }
}
