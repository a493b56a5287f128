/// Looks up what one event has. Kept and filled again for every event.
struct EventLookup {
    typealias Bytes = UnsafeRawBufferPointer
    typealias Lengths = UnsafeBufferPointer<Int>

    var sieve = Sieve()
    /// Where filters stand that ask for something the event has.
    private(set) var found = ContiguousArray<PostingTable.Place>()
    private var folded = ContiguousArray<UInt8>()

    mutating func beginEvent() {
        sieve.beginEvent()
        found.removeAll(keepingCapacity: true)
    }

    private mutating func probe(_ hash: UInt64, _ table: PostingTable) {
        sieve.signature.insert(hash)
        if let place = table.find(hash) { found.append(place) }
    }

    mutating func lookForAbsence(of field: FieldTree.Field, _ table: PostingTable) {
        probe(AccessKey.hash(field, .absent, word: 0), table)
    }

    mutating func look(_ leaf: Leaf, _ asked: Questions, _ lengths: Lengths, _ table: PostingTable) {
        let field = leaf.field
        if asked.asks(.present) { probe(AccessKey.hash(field, .present, word: 0), table) }
        if asked.asks(.notText), leaf.kind != .text { probe(AccessKey.hash(field, .notText, word: 0), table) }
        if asked.asks(.number), let number = leaf.number { probe(AccessKey.hash(field, number), table) }
        // Attributes compare what is written, so that numbers and booleans are looked up as texts too.
        whole(leaf.bytes, field, .text, longest: asked.longestText, table)
        if leaf.kind != .text { whole(leaf.bytes, field, .literal, longest: asked.longestLiteral, table) }
        beginnings(leaf.bytes, field, .prefix, lengths[asked.prefixes], table)
        ends(leaf.bytes, field, .suffix, lengths[asked.suffixes], table)
        guard leaf.kind == .text else { return }
        if asked.asks(.gram) { grams(leaf.bytes, field, lengths[asked.grams], table) }
        if asked.asks(.network), let address = IPAddress(leaf.bytes) {
            for length in lengths[asked.networks] where length <= address.width {
                probe(AccessKey.hash(field, address.network(length), length), table)
            }
        }
        if asked.asksFolded { lookFolded(leaf, asked, lengths, table) }
    }

    private mutating func lookFolded(_ leaf: Leaf, _ asked: Questions, _ lengths: Lengths, _ table: PostingTable) {
        var text = ContiguousArray<UInt8>()
        swap(&text, &folded)
        text.removeAll(keepingCapacity: true)
        CaseFolding.append(leaf.bytes, to: &text)
        text.withUnsafeBytes { text in
            whole(text, leaf.field, .foldedText, longest: asked.longestFoldedText, table)
            beginnings(text, leaf.field, .foldedPrefix, lengths[asked.foldedPrefixes], table)
            ends(text, leaf.field, .foldedSuffix, lengths[asked.foldedSuffixes], table)
        }
        swap(&text, &folded)
    }

    /// - Parameter longest: of the texts that are asked for; below zero where none is.
    private mutating func whole(_ text: Bytes, _ field: FieldTree.Field, _ kind: AccessKey.Kind, longest: Int, _ table: PostingTable) {
        guard text.count <= longest else { return }
        probe(WordHash.whole(text, seed: AccessKey.seed(field), kind: kind.rawValue), table)
    }

    /// - Parameter lengths: that are asked for, ascending.
    private mutating func beginnings(
        _ text: Bytes, _ field: FieldTree.Field, _ kind: AccessKey.Kind, _ lengths: Slice<Lengths>, _ table: PostingTable
    ) {
        if lengths.isEmpty { return }
        var hashes = BeginningHashes(text, seed: AccessKey.seed(field))
        for length in lengths {
            guard length <= text.count else { return }
            probe(hashes.value(length, kind), table)
        }
    }

    /// - Parameter lengths: that are asked for, ascending.
    private mutating func ends(
        _ text: Bytes, _ field: FieldTree.Field, _ kind: AccessKey.Kind, _ lengths: Slice<Lengths>, _ table: PostingTable
    ) {
        if lengths.isEmpty { return }
        var hashes = EndingHashes(text, seed: AccessKey.seed(field))
        for length in lengths {
            guard length <= text.count else { return }
            probe(hashes.value(length, kind), table)
        }
    }

    /// Not in the signature: they would fill it.
    private mutating func grams(_ text: Bytes, _ field: FieldTree.Field, _ lengths: Slice<Lengths>, _ table: PostingTable) {
        for length in lengths where length <= text.count {
            for start in 0...text.count - length {
                let gram = text.word(at: start, length: length)
                if let place = table.find(AccessKey.hash(field, gram: gram, length: length)) { found.append(place) }
            }
        }
    }
}
