/// A parser, or several that work together, as a fuzzer runs them.
///
/// `run` takes any bytes. It stops the process where something is wrong: by a trap in what it calls, or by `require`.
public struct FuzzTarget: Sendable {
    public let name: String
    /// Inputs to begin with: valid ones, which reach what is behind the first check.
    public let seeds: [String]
    /// Folders of the shared vectors whose files are seeds too.
    public let vectors: [String]
    /// Words that mean something to it.
    public let words: [String]
    public let run: @Sendable (_ input: UnsafeRawBufferPointer) -> Void

    init(
        _ name: String, seeds: [String], vectors: [String] = [], words: [String] = [],
        run: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.vectors = vectors
        self.words = words
        self.run = run
    }

    /// The catalog.
    public static let all: [FuzzTarget] = events + texts + answers + schemas + filters + transforms + files + signing + bookkeeping

    /// Nil where no target is called so.
    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// What must be so, whatever the input.
func require(_ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
    if !condition() { fatalError(message()) }
}

extension UnsafeRawBufferPointer {
    /// Nil where it is no UTF-8.
    var text: String? { String(validating: self, as: UTF8.self) }

    /// What is before and behind the first of these bytes; all and nothing where there is none.
    func split(at separator: UInt8) -> (before: UnsafeRawBufferPointer, behind: UnsafeRawBufferPointer) {
        guard let place = firstIndex(of: separator) else { return (self, UnsafeRawBufferPointer(start: nil, count: 0)) }
        return (UnsafeRawBufferPointer(rebasing: self[..<place]), UnsafeRawBufferPointer(rebasing: self[(place + 1)...]))
    }
}
