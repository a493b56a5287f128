/// What is asked of a field's values: only that is looked up.
struct Questions {
    /// A bit for each `AccessKey.Kind`.
    fileprivate(set) var kinds: UInt16 = 0
    /// Of the whole texts asked for; -1 where none is.
    fileprivate(set) var longestText = -1
    fileprivate(set) var longestLiteral = -1
    fileprivate(set) var longestFoldedText = -1
    /// Places in `lengths`, where they ascend.
    fileprivate(set) var prefixes = 0..<0
    fileprivate(set) var suffixes = 0..<0
    fileprivate(set) var foldedPrefixes = 0..<0
    fileprivate(set) var foldedSuffixes = 0..<0
    fileprivate(set) var grams = 0..<0
    fileprivate(set) var networks = 0..<0

    func asks(_ kind: AccessKey.Kind) -> Bool { kinds & Self.bit(kind) != 0 }

    var asksFolded: Bool { kinds & (Self.bit(.foldedText) | Self.bit(.foldedPrefix) | Self.bit(.foldedSuffix)) != 0 }

    fileprivate static func bit(_ kind: AccessKey.Kind) -> UInt16 { 1 &<< UInt16(kind.rawValue) }
}

/// What is asked of which field, kept as keys come and go.
struct Questionnaire {
    /// How many keys ask the same.
    private var counts: [Question: Int] = [:]
    private var isStale = false

    private var questions = ContiguousArray<Questions>()
    private var lengths = ContiguousArray<Int>()
    /// Fields that shall be absent.
    private var absences = ContiguousArray<FieldTree.Field>()

    private struct Question: Hashable {
        var field: FieldTree.Field
        var kind: AccessKey.Kind
        var length: Int
    }

    mutating func add(_ key: AccessKey) { count(key, 1) }
    mutating func remove(_ key: AccessKey) { count(key, -1) }

    private mutating func count(_ key: AccessKey, _ change: Int) {
        guard case .lookup(let field, let kind, _, let length) = key else { return }
        let question = Question(field: field, kind: kind, length: length)
        let left = counts[question, default: 0] + change
        if left == 0 || left == change { isStale = true }
        counts[question] = left == 0 ? nil : left
    }

    /// To be called before it is read.
    mutating func prepare(_ fieldCount: Int) {
        guard isStale || questions.count != fieldCount else { return }
        isStale = false
        questions = ContiguousArray(repeating: Questions(), count: fieldCount)
        lengths = []
        absences = []
        var sorted = counts.keys.map { $0 }
        sorted.sort { ($0.field, $0.kind.rawValue, $0.length) < ($1.field, $1.kind.rawValue, $1.length) }
        var start = 0
        while start < sorted.count {
            var end = start
            while end < sorted.count, sorted[end].field == sorted[start].field, sorted[end].kind == sorted[start].kind { end += 1 }
            lay(sorted[start].field, sorted[start].kind, sorted[start..<end].map(\.length))
            start = end
        }
    }

    private mutating func lay(_ field: FieldTree.Field, _ kind: AccessKey.Kind, _ asked: [Int]) {
        var own = questions[Int(field)]
        own.kinds |= Questions.bit(kind)
        let places = lengths.count..<lengths.count + asked.count
        switch kind {
        case .text: own.longestText = asked.last!
        case .literal: own.longestLiteral = asked.last!
        case .foldedText: own.longestFoldedText = asked.last!
        case .prefix: own.prefixes = places
        case .suffix: own.suffixes = places
        case .foldedPrefix: own.foldedPrefixes = places
        case .foldedSuffix: own.foldedSuffixes = places
        case .gram: own.grams = places
        case .network: own.networks = places
        case .absent: absences.append(field)
        case .number, .present, .notText: break
        }
        lengths += asked
        questions[Int(field)] = own
    }

    struct Reader {
        fileprivate let questions: UnsafeBufferPointer<Questions>
        let lengths: UnsafeBufferPointer<Int>
        let absences: UnsafeBufferPointer<FieldTree.Field>

        subscript(field: FieldTree.Field) -> Questions { questions[Int(field)] }
    }

    func withReader(_ body: (Reader) -> Void) {
        questions.withUnsafeBufferPointer { questions in
            lengths.withUnsafeBufferPointer { lengths in
                absences.withUnsafeBufferPointer { body(Reader(questions: questions, lengths: lengths, absences: $0)) }
            }
        }
    }
}
