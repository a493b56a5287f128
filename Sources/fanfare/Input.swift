import ArgumentParser
import EventFormats
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
    enum Kind { case cloudEvent, otherJSON, notJSON(String) }

    static let cloudEventType = "application/cloudevents+json"

    /// A JSON object with the attributes that every CloudEvent has is meant to be one.
    static func kind(of value: UnsafeRawBufferPointer) -> Kind {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONScanner.scan(value)
        } catch {
            return .notJSON(error.description)
        }
        guard root.kind == .object else { return .otherJSON }
        var missing: Set = ["specversion", "id", "source", "type"]
        for member in root.members { missing.remove(String(decoding: member.name.stringBody, as: UTF8.self)) }
        return missing.isEmpty ? .cloudEvent : .otherJSON
    }

    static func isBlank(_ line: ArraySlice<UInt8>) -> Bool { line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }

    /// `--header name=value`, as often as given.
    static func headers(_ texts: [String]) throws -> [(name: String, value: String)] {
        try texts.map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--header \(text): write name=value, for example --header content-type=application/json")
            }
            return (name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
        }
    }

    /// What `value` is sent with: the given headers, and for a CloudEvent its content type unless one is given.
    static func headers(_ given: [(name: String, value: String)], for value: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
        guard !given.contains(where: { $0.name.lowercased() == "content-type" }), case .cloudEvent = kind(of: value) else { return given }
        return given + [(name: "content-type", value: cloudEventType)]
    }
}
