/// Finds the filters that an event may match, by what the event has: the cost depends on the event, and on how many are
/// found, not on how many there are.
///
/// A filter stands under the keys that `AccessPlan` chose for it. Keys are hashes in one table: of whole texts, and of their
/// first and last bytes at every length that some key has; of three bytes anywhere for wildcards; of numbers and networks.
/// Ranges of numbers lie in a tree of intervals. What is found may still not match: every filter found is run.
struct AccessIndex {
    /// In bytes.
    static let longestGram = 3

    /// What is asked of a field's values.
    private struct Questions {
        /// A bit for each `AccessKey.Kind`.
        var kinds: UInt16 = 0
        var longestText = 0
        var longestFoldedText = 0
        /// A bit for each length.
        var gramLengths: UInt8 = 0
        /// Places in `lengths`, ascending.
        var prefixes = 0..<0
        var suffixes = 0..<0
        var foldedPrefixes = 0..<0
        var foldedSuffixes = 0..<0
        var networks = 0..<0
        /// Places in `intervals`.
        var ranges = 0..<0

        func asks(_ kind: AccessKey.Kind) -> Bool { kinds >> UInt16(kind.rawValue) & 1 == 1 }
    }

    private var questions: ContiguousArray<Questions>
    private var lengths = ContiguousArray<Int>()
    private var table: PostingTable
    private var intervals = ContiguousArray<IntervalTree>()
    private let always: [Int32]

    init(_ plan: AccessPlan, fieldCount: Int) {
        always = plan.always
        questions = ContiguousArray(repeating: Questions(), count: fieldCount)
        var postings: [(hash: UInt64, filter: Int32)] = []
        var sizes: [FieldTree.Field: [AccessKey.Kind: Set<Int>]] = [:]
        var ranges: [FieldTree.Field: [IntervalTree.Interval]] = [:]
        for (key, filter) in plan.keys {
            switch key {
            case .range(let field, let range):
                ranges[field, default: []].append(.init(low: range.low, high: range.high, filter: filter))
            case .lookup(let field, let kind, let hash, let length):
                postings.append((hash, filter))
                questions[Int(field)].kinds |= 1 << UInt16(kind.rawValue)
                sizes[field, default: [:]][kind, default: []].insert(length)
            }
        }
        table = PostingTable(postings)
        for (field, sizes) in sizes { ask(field, sizes) }
        for (field, ranges) in ranges {
            questions[Int(field)].ranges = intervals.count..<intervals.count + 1
            intervals.append(IntervalTree(ranges))
        }
    }

    private mutating func ask(_ field: FieldTree.Field, _ sizes: [AccessKey.Kind: Set<Int>]) {
        func place(_ kind: AccessKey.Kind) -> Range<Int> {
            let start = lengths.count
            lengths += (sizes[kind] ?? []).sorted()
            return start..<lengths.count
        }
        var asked = questions[Int(field)]
        asked.longestText = max(sizes[.text]?.max() ?? 0, sizes[.literal]?.max() ?? 0)
        asked.longestFoldedText = sizes[.foldedText]?.max() ?? 0
        for length in sizes[.gram] ?? [] { asked.gramLengths |= 1 << UInt8(length) }
        asked.prefixes = place(.prefix)
        asked.suffixes = place(.suffix)
        asked.foldedPrefixes = place(.foldedPrefix)
        asked.foldedSuffixes = place(.foldedSuffix)
        asked.networks = place(.network)
        questions[Int(field)] = asked
    }

    /// - Parameter folded: memory to work in.
    func find(_ fields: EventFields, into found: inout CandidateSet, folded: inout ContiguousArray<UInt8>) {
        for filter in always { found.insert(filter) }
        for leaf in fields.leaves {
            let asked = questions[Int(leaf.field)]
            if asked.kinds != 0 { look(leaf, asked, &found, &folded) }
            if let number = leaf.number {
                for tree in asked.ranges { intervals[tree].find(number, into: &found) }
            }
        }
    }

    private func look(_ leaf: Leaf, _ asked: Questions, _ found: inout CandidateSet, _ folded: inout ContiguousArray<UInt8>) {
        let field = leaf.field
        if asked.asks(.present) { table.find(AccessKey.hash(field, .present, word: 0), into: &found) }
        if asked.asks(.number), let number = leaf.number { table.find(AccessKey.hash(field, number), into: &found) }
        // Attributes compare what is written, so that numbers and booleans are looked up as texts too.
        if asked.asks(.text) || asked.asks(.literal) || !asked.prefixes.isEmpty {
            forwards(leaf.bytes, field, .text, .prefix, asked.prefixes, longest: asked.longestText, literal: asked.asks(.literal), &found)
        }
        if !asked.suffixes.isEmpty { backwards(leaf.bytes, field, .suffix, asked.suffixes, &found) }
        guard leaf.kind == .text else { return }
        if asked.asks(.network), let address = IPAddress(leaf.bytes) {
            for index in asked.networks where lengths[index] <= address.width {
                let length = lengths[index]
                table.find(AccessKey.hash(field, address.network(length), length), into: &found)
            }
        }
        if asked.gramLengths != 0 { grams(leaf.bytes, field, asked.gramLengths, &found) }
        if asked.asks(.foldedText) || !asked.foldedPrefixes.isEmpty || !asked.foldedSuffixes.isEmpty {
            folded.removeAll(keepingCapacity: true)
            CaseFolding.append(leaf.bytes, to: &folded)
            folded.withUnsafeBytes { text in
                forwards(text, field, .foldedText, .foldedPrefix, asked.foldedPrefixes, longest: asked.longestFoldedText, literal: false, &found)
                backwards(text, field, .foldedSuffix, asked.foldedSuffixes, &found)
            }
        }
    }

    /// The beginnings of the text that some key has, and the whole of it.
    private func forwards(
        _ text: UnsafeRawBufferPointer, _ field: FieldTree.Field, _ whole: AccessKey.Kind, _ part: AccessKey.Kind, _ parts: Range<Int>,
        longest: Int, literal: Bool, _ found: inout CandidateSet
    ) {
        var hash = ByteHash(seed: UInt64(UInt32(bitPattern: field)))
        var position = 0
        for index in parts {
            let length = lengths[index]
            guard length <= text.count else { break }
            while position < length {
                hash.add(text[position])
                position += 1
            }
            table.find(hash.value(part), into: &found)
        }
        guard text.count <= longest else { return }
        while position < text.count {
            hash.add(text[position])
            position += 1
        }
        table.find(hash.value(whole), into: &found)
        if literal { table.find(hash.value(.literal), into: &found) }
    }

    private func backwards(
        _ text: UnsafeRawBufferPointer, _ field: FieldTree.Field, _ part: AccessKey.Kind, _ parts: Range<Int>, _ found: inout CandidateSet
    ) {
        var hash = ByteHash(seed: UInt64(UInt32(bitPattern: field)))
        var position = 0
        for index in parts {
            let length = lengths[index]
            guard length <= text.count else { return }
            while position < length {
                position += 1
                hash.add(text[text.count - position])
            }
            table.find(hash.value(part), into: &found)
        }
    }

    private func grams(_ text: UnsafeRawBufferPointer, _ field: FieldTree.Field, _ sizes: UInt8, _ found: inout CandidateSet) {
        for length in 1...Self.longestGram where sizes >> UInt8(length) & 1 == 1 && length <= text.count {
            for start in 0...text.count - length {
                var hash = ByteHash(seed: UInt64(UInt32(bitPattern: field)))
                for position in start..<start + length { hash.add(text[position]) }
                table.find(hash.value(.gram), into: &found)
            }
        }
    }
}
