/// Why a file cannot be used; a clause that follows the file's name. Says nothing of a key's content.
public struct PEMError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
