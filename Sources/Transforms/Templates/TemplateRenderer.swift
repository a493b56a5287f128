import EventFormats
import EventModel

/// Writes a template's text of one event after the other. Belongs to one thread; allocates nothing once its memory has grown.
///
/// Its time is bounded whatever the template and the event are: a name is looked for at most once in each value that stands
/// around it, and what is looked through is counted.
final class TemplateRenderer {
    /// As long as the largest record that can be written to Kafka (`message.max.bytes` of the producer).
    static let maximumOutput = 10_000_000
    /// Bytes that may be looked through: so many times the payload's, and some more. An instruction counts as some bytes.
    private static let maximumPasses = 64
    private static let leastWork = 16 << 20
    private static let instructionWork = 32

    private struct Frame {
        var value: TemplateValue
        /// Tells it from those before it on the same level.
        var serial: UInt64
        var isFirst = false
        var isLast = false
    }

    /// What a name stands for, seen from one level.
    private struct Memory {
        var serial: UInt64 = 0
        var value: TemplateValue? = nil
    }

    private let template: Template
    private let escaping: TextEscaping
    /// The manifest's key, for messages.
    private let key: String
    private var frames: ContiguousArray<Frame> = []
    private var memory: ContiguousArray<Memory>
    private var serial: UInt64 = 0
    /// That is left.
    private var work = 0
    private let text = ByteWriter(capacity: 64)

    init(_ template: Template, _ escaping: TextEscaping, key: String) {
        self.template = template
        self.escaping = escaping
        self.key = key
        memory = ContiguousArray(repeating: Memory(), count: template.memorySize)
        frames.reserveCapacity(template.depth + 1)
    }

    /// Appends the text. After an error `out` holds a part of it.
    func append(_ event: Event, to out: ByteWriter) throws(PoisonReason) {
        frames.removeAll(keepingCapacity: true)
        work = Self.leastWork + Self.maximumPasses * event.data.count
        push(.event)
        try run(0..<template.instructions.count, event, out, from: out.count)
    }

    // MARK: Instructions

    private func run(_ range: Range<Int>, _ event: Event, _ out: ByteWriter, from start: Int) throws(PoisonReason) {
        var next = range.lowerBound
        while next < range.upperBound {
            try spend(Self.instructionWork)
            let current = next
            next += 1
            switch template.instructions[current] {
            case .literal(let range):
                template.source.withUnsafeBytes { out.append(UnsafeRawBufferPointer(rebasing: $0[range])) }
            case .variable(let name, let isRaw):
                try append(try value(of: name, event), name, isRaw: isRaw, to: out)
            case .section(let name, let end):
                try runSection(try value(of: name, event), next..<end, event, out, from: start)
                next = end
            case .inverted(let name, let end):
                if try value(of: name, event).isTruthy { next = end }
            }
            if out.count - start > Self.maximumOutput {
                throw PoisonReason("\(key): the text is longer than \(Self.maximumOutput) bytes")
            }
        }
    }

    private func runSection(
        _ value: TemplateValue, _ body: Range<Int>, _ event: Event, _ out: ByteWriter, from start: Int
    ) throws(PoisonReason) {
        guard let list = value.list else {
            guard value.isTruthy else { return }
            push(value)
            try run(body, event, out, from: start)
            frames.removeLast()
            return
        }
        try spend(value.size)
        var elements = list.elements
        var next = elements.next()
        var isFirst = true
        while let element = next {
            next = elements.next()
            push(.json(element), isFirst: isFirst, isLast: next == nil)
            try run(body, event, out, from: start)
            frames.removeLast()
            isFirst = false
        }
    }

    private func push(_ value: TemplateValue, isFirst: Bool = false, isLast: Bool = false) {
        serial += 1
        frames.append(Frame(value: value, serial: serial, isFirst: isFirst, isLast: isLast))
    }

    private func spend(_ amount: Int) throws(PoisonReason) {
        work -= amount
        guard work >= 0 else { throw PoisonReason("\(key): the template takes too long over this event") }
    }

    // MARK: Names

    private func value(of name: Template.Name, _ event: Event) throws(PoisonReason) -> TemplateValue {
        switch name.kind {
        case .isFirst: return .flag(frames[name.level].isFirst)
        case .isLast: return .flag(frames[name.level].isLast)
        case .path(let path):
            guard !path.isEmpty else { return frames[name.level].value }
            for level in stride(from: name.level, through: 0, by: -1) {
                if let found = try look(for: path, name.memory + level, frames[level], event) { return found }
            }
            return .missing
        }
    }

    /// Nil where the frame has not even the first name of the path, so that those around it may have it.
    private func look(
        for path: ContiguousArray<ContiguousArray<UInt8>>, _ place: Int, _ frame: Frame, _ event: Event
    ) throws(PoisonReason) -> TemplateValue? {
        if memory[place].serial == frame.serial { return memory[place].value }
        var found: TemplateValue? = frame.value
        for (index, name) in path.enumerated() {
            guard let value = found else { break }
            try spend(value.size)
            found = name.withUnsafeBytes { value.step($0, event) }
            if found == nil, index > 0 { found = .missing }
            if index == 0, case .event = value { try checkData(name, isAll: path.count == 1, event) }
        }
        memory[place] = Memory(serial: frame.serial, value: found)
        return found
    }

    /// A template that looks into the payload is about JSON; without any payload its fields are just not there.
    private func checkData(_ name: ContiguousArray<UInt8>, isAll: Bool, _ event: Event) throws(PoisonReason) {
        guard name.elementsEqual("data".utf8) else { return }
        if event.dataKind == .binary || event.dataKind == .text && !isAll {
            throw PoisonReason("\(key): the payload is not JSON, and the template needs what is in it")
        }
    }

    // MARK: Values

    private func append(_ value: TemplateValue, _ name: Template.Name, isRaw: Bool, to out: ByteWriter) throws(PoisonReason) {
        let start = out.count
        do throws(PoisonReason) {
            if isRaw { try appendRaw(value, to: out) } else { try appendEscaped(value, to: out) }
        } catch {
            throw PoisonReason("\(key): {{\(name.text)}} \(error.message)")
        }
        if escaping.needsValue, out.count == start { throw PoisonReason("\(key): {{\(name.text)}} is empty or missing") }
    }

    private func appendEscaped(_ value: TemplateValue, to out: ByteWriter) throws(PoisonReason) {
        switch value {
        case .missing, .event: break
        case .text(let text): try escaping.append(text, to: out)
        case .bytes(let bytes): try escaping.append(base64(bytes), to: out)
        case .flag(let flag): out.append(flag ? "true" : "false" as StaticString)
        case .json(let value):
            switch value.kind {
            case .null: break
            // What a JSON string says in one text it says in another.
            case .string where escaping == .json: out.append(value.stringBody)
            case .string: try escaping.append(try unescaped(value), to: out)
            case .number, .boolean, .object, .array: try escaping.append(value.raw, to: out)
            }
        }
    }

    /// In JSON a value as JSON; elsewhere its text as it is.
    private func appendRaw(_ value: TemplateValue, to out: ByteWriter) throws(PoisonReason) {
        let isJSON = escaping == .json
        switch value {
        case .missing, .event: if isJSON { out.append("null" as StaticString) }
        case .text(let text): if isJSON { out.appendJSONString(text) } else { out.append(text) }
        case .bytes(let bytes): if isJSON { out.appendJSONString(base64(bytes)) } else { out.append(base64(bytes)) }
        case .flag(let flag): out.append(flag ? "true" : "false" as StaticString)
        case .json(let value):
            if isJSON || value.kind != .string && value.kind != .null {
                out.append(value.raw)
            } else if value.kind == .string {
                out.append(try unescaped(value))
            }
        }
    }

    private func unescaped(_ value: JSONValue) throws(PoisonReason) -> UnsafeRawBufferPointer {
        guard value.hasEscapes else { return value.stringBody }
        text.removeAll(keepingAtMost: 1 << 16)
        guard value.appendUnescaped(to: text) else { throw PoisonReason("has half a surrogate pair, which is no text") }
        return text.bytes
    }

    private func base64(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        text.removeAll(keepingAtMost: 1 << 16)
        text.appendBase64(bytes)
        return text.bytes
    }
}
