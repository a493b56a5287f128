internal import GRDB

/// What went wrong with an index of receipts.
public struct ReceiptIndexFailure: Error, CustomStringConvertible, Sendable {
    public enum Kind: Sendable {
        /// The file is damaged: it has to be made anew.
        case damaged
        /// There is something else in its place, or it cannot be opened or written.
        case unusable
    }

    public var kind: Kind
    public var description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    init(_ error: any Error) {
        if let failure = error as? ReceiptIndexFailure {
            self = failure
        } else if let error = error as? DatabaseError {
            let isDamaged = [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
            self.init(isDamaged ? .damaged : .unusable, error.message ?? "\(error.resultCode)")
        } else {
            self.init(.unusable, "\(error)")
        }
    }
}

/// Says what GRDB threw as a failure of the index.
func failing<Result>(_ body: () throws -> Result) throws(ReceiptIndexFailure) -> Result {
    do {
        return try body()
    } catch {
        throw ReceiptIndexFailure(error)
    }
}
