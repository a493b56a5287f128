public import KafkaClient

extension RecordHeaders {
    /// A header's value as text, of the last one of that name; nil where there is none.
    public func text(_ name: StaticString) -> String? {
        last(named: name)?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
