/// The `webhook-id` of a single event: its CloudEvents `id`, percent-encoded outside `A-Z a-z 0-9 _ - :`.
///
/// The encoding keeps different ids different, and free of the `.` that separates the parts of the signed text
/// (Standard Webhooks, "Signature scheme").
public enum WebhookID {
    public static func append(_ id: UnsafeRawBufferPointer, to writer: ByteWriter) {
        writer.appendPercentEncoded(id, keeping: .webhookID)
    }
}
