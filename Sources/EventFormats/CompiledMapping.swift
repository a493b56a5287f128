import EventModel

/// A topic's `event:` mapping, made ready: names and constants as bytes, pointers taken apart.
struct CompiledMapping {
    typealias Bytes = UnsafeRawBufferPointer

    enum Source {
        /// Range of the header's name in `constants`.
        case header(Range<Int>)
        case pointer(JSONPointer)
        /// Range in `constants`.
        case constant(Range<Int>)
        case key
        case timestamp
        /// `<topic>-<partition>-<offset>`
        case position
        /// A pointer that is none: it finds nothing.
        case badPointer(String)
    }

    var id: Source
    var type: Source
    var source: Source
    var subject: Source
    var time: Source
    let framing: EventMapping.Framing
    /// Whether the value has to be read as JSON.
    let needsJSON: Bool
    /// Texts that every plain event may need.
    let specversion: Bytes
    let json: Bytes
    let octetStream: Bytes
    /// Written once; never appended to later, so views of it stay valid as long as the mapping.
    private let constants: ByteWriter

    init(topic: String, mapping: EventMapping) {
        let constants = ByteWriter(capacity: 512)
        func constant(_ write: (ByteWriter) -> Void) -> Range<Int> {
            let start = constants.count
            write(constants)
            return start..<constants.count
        }
        func compile(_ source: AttributeSource) -> Source {
            switch source {
            case .header(let name): .header(constant { $0.append(name) })
            case .pointer(let text): JSONPointer(text).map { .pointer($0) } ?? .badPointer(text)
            case .value(let text): .constant(constant { $0.append(text) })
            case .key: .key
            case .timestamp: .timestamp
            }
        }
        id = mapping.id.map(compile) ?? .position
        type = mapping.type.map(compile) ?? .constant(constant { $0.append(topic) })
        source = mapping.source.map(compile) ?? .constant(constant { $0.append(sourceOfTopic: topic) })
        subject = mapping.subject.map(compile) ?? .key
        time = mapping.time.map(compile) ?? .timestamp
        framing = mapping.framing
        needsJSON = [mapping.id, mapping.type, mapping.source, mapping.subject, mapping.time].contains {
            if case .pointer = $0 { true } else { false }
        }
        let fixed = [
            constant { $0.append("1.0" as StaticString) }, constant { $0.append("application/json" as StaticString) },
            constant { $0.append("application/octet-stream" as StaticString) },
        ].map { Bytes(rebasing: constants.bytes[$0]) }
        specversion = fixed[0]
        json = fixed[1]
        octetStream = fixed[2]
        self.constants = constants
    }

    func bytes(_ range: Range<Int>) -> Bytes { Bytes(rebasing: constants.bytes[range]) }
}
