internal import EventModel
public import KafkaClient

extension RecordJSON {
    /// `{"topic":...,"partition":...,"offset":...,"time":...,"event":...,...}`: what a dead letter says about itself.
    public mutating func append(_ letter: DeadLetter, event: String?) {
        open("{")
        members(of: letter, event)
        close("}")
    }

    /// The same with the whole record: its value and its headers.
    ///
    /// - Parameter value: the record's own, or what its source has where it is a reference.
    public mutating func append(_ letter: DeadLetter, event: String?, _ record: KafkaRecord, value: UnsafeRawBufferPointer?) {
        open("{")
        members(of: letter, event)
        member("value", base64: "valueBase64", value)
        headers(record.headers)
        close("}")
    }

    private mutating func members(of letter: DeadLetter, _ event: String?) {
        member("topic", letter.place.topic)
        member("partition", letter.place.partition)
        member("offset", letter.place.offset)
        member("time", letter.time.rfc3339)
        member("event", event)
        member("subscription", letter.subscription)
        member("kind", letter.kind)
        member("status", letter.status)
        member("attempts", letter.attempts)
        member("message", letter.message)
        member("firstAttempt", letter.firstAttempt)
        member("lastAttempt", letter.lastAttempt)
        member("redrives", letter.redrives)
        name("source")
        open("{")
        member("topic", letter.source?.topic)
        member("partition", letter.source?.partition)
        member("offset", letter.source?.offset)
        member("time", letter.sourceTime?.rfc3339)
        close("}")
        member("reference", letter.isReference)
        letter.key.withBytes { member("key", base64: "keyBase64", $0) }
    }
}

extension [UInt8]? {
    fileprivate func withBytes<Result>(_ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        guard let self else { return body(nil) }
        return self.withUnsafeBytes { body($0) }
    }
}
