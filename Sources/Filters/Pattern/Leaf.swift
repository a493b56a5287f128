/// A value of an event that is neither an object nor an array, as patterns look at it. Valid as long as the event is.
struct Leaf {
    typealias Bytes = UnsafeRawBufferPointer

    enum Kind { case text, number, literal }

    var kind: Kind
    /// A text's UTF-8 without quotes and escapes; else as it stands in the JSON.
    var bytes: Bytes
    /// Nil for what is no number, or none that a double holds.
    var number: Double?
    var field: FieldTree.Field
    /// The innermost array element around it.
    var element: ArrayElements.ID

    /// For people.
    var shown: String {
        let text = String(decoding: bytes, as: UTF8.self)
        return kind == .text ? "\"\(text)\"" : text
    }
}
