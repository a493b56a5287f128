import BridgeRuntime
import EventFormats

/// What the event of a window says, taken from it as it is delivered.
struct WindowData {
    /// Values as JSON, in the order of `groupBy`.
    private(set) var group: [(name: String, value: String)] = []
    private(set) var aggregates: [(name: String, value: String)] = []
    private(set) var id = ""
    private(set) var count = ""

    init(_ window: DryRun.Window) {
        window.event.value.withUnsafeBytes { bytes in
            guard let event = try? JSONScanner.scan(bytes) else { return }
            id = event.member("id")?.string ?? ""
            guard let data = event.member("data") else { return }
            count = data.member("count")?.text ?? ""
            group = Self.members(data.member("group"))
            aggregates = Self.members(data.member("aggregates"))
        }
    }

    private static func members(_ object: JSONValue?) -> [(name: String, value: String)] {
        object?.members.map { (name: $0.name.string ?? "", value: $0.value.text) } ?? []
    }

    /// For people: values without quotes.
    var groupText: String {
        group.map { $0.value.hasPrefix("\"") ? String($0.value.dropFirst().dropLast()) : $0.value }.joined(separator: " ")
    }
}

extension JSONValue {
    fileprivate func member(_ name: String) -> JSONValue? { members.first { $0.name.string == name }?.value }

    fileprivate var text: String { String(decoding: raw, as: UTF8.self) }
}
