/// The context attributes that CloudEvents itself defines; all others are extensions.
enum CoreAttribute: Int, CaseIterable {
    case specversion, id, source, type, subject, time, datacontenttype, dataschema

    init?(_ name: UnsafeRawBufferPointer) {
        guard let attribute = CoreAttribute.allCases.first(where: { name.equals($0.name) }) else { return nil }
        self = attribute
    }

    var name: StaticString {
        switch self {
        case .specversion: "specversion"
        case .id: "id"
        case .source: "source"
        case .type: "type"
        case .subject: "subject"
        case .time: "time"
        case .datacontenttype: "datacontenttype"
        case .dataschema: "dataschema"
        }
    }

    var isRequired: Bool {
        switch self {
        case .specversion, .id, .source, .type: true
        case .subject, .time, .datacontenttype, .dataschema: false
        }
    }

    /// What is wrong with `value`, as the end of a sentence that begins with the name.
    func problem(_ value: UnsafeRawBufferPointer) -> StaticString? {
        switch self {
        case .specversion: value.equals("1.0") ? nil : "is not 1.0"
        case .id, .type, .subject: AttributeRules.problem(nonEmpty: value)
        case .source: AttributeRules.problem(uriReference: value)
        case .time: AttributeRules.problem(timestamp: value)
        case .datacontenttype: AttributeRules.problem(mediaType: value)
        case .dataschema: AttributeRules.problem(uri: value)
        }
    }
}
