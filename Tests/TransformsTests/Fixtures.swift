import EventFormats
import EventModel
import Synchronization
import Transforms

/// Addresses of what `bytes` made, so that nothing is lost: who looks for leaks finds it here.
private let kept = Mutex<[UInt]>([])

/// The bytes of a text for as long as the tests run.
func bytes(_ text: String) -> UnsafeRawBufferPointer {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
    memory.copyBytes(from: text.utf8)
    let address = UInt(bitPattern: memory.baseAddress)
    kept.withLock { $0.append(address) }
    return UnsafeRawBufferPointer(memory)
}

func makeEvent(_ data: String?, _ kind: Event.DataKind = .json, contentType: String = "application/json") -> Event {
    var event = Event()
    event.id = bytes("order-1")
    event.source = bytes("/shop")
    event.type = bytes("order.created")
    event.subject = bytes("customer \"7\"\n")
    event.extensions = [
        Event.Extension(name: bytes("region"), value: bytes("eu")),
        Event.Extension(name: bytes("priority"), value: bytes("3"), kind: .integer),
    ]
    guard let data else { return event }
    event.dataContentType = bytes(contentType)
    event.data = bytes(data)
    event.dataKind = kind
    return event
}

/// What a policy makes of an event: the body and the headers.
struct Made {
    var body: String
    var headers: [String]

    init(_ policy: TransformPolicy, _ event: Event, _ format: PayloadFormat = .raw) throws {
        let record = RecordView(
            topic: "t", partition: 0, offset: 0, timestamp: WallTime(milliseconds: 0), key: nil, value: event.data, headers: [])
        let body = ByteWriter()
        let headers = ByteWriter()
        let sent: PayloadEncoder.Body
        if let transform = try PayloadTransform(policy) {
            sent = try transform.encode(event, of: record, format: format, body: body, headers: headers)
        } else {
            sent = PayloadEncoder.encode(event, of: record, format: format, body: body, headers: headers)
        }
        let written =
            switch sent {
            case .written: body.bytes
            case .view(let bytes): bytes
            }
        self.body = String(decoding: written, as: UTF8.self)
        self.headers = headers.bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

func policy(_ change: (inout TransformPolicy) -> Void) -> TransformPolicy {
    var policy = TransformPolicy()
    change(&policy)
    return policy
}

func render(_ template: String, _ data: String?, contentType: String = "text/plain") throws -> String {
    try Made(policy { $0.template = template; $0.contentType = contentType }, makeEvent(data)).body
}

/// The poison's reason; nil where there is none.
func poison(_ body: () throws -> Void) -> String? {
    do { try body() } catch let reason as PoisonReason { return reason.message } catch { return "\(error)" }
    return nil
}
