/// Why a value cannot be used, as the end of a sentence that begins with where it is.
struct ValueProblem: Error {
    let text: StaticString

    init(_ text: StaticString) { self.text = text }

    static let halfSurrogatePair = ValueProblem("has half a surrogate pair")
}
