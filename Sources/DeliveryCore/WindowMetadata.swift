/// What a cursor with windows knows beside its offset, as text for the metadata of a committed offset.
///
/// Format, version 2: `2:` and the base64url of unsigned LEB128 numbers: flags (1: there is a watermark, 2: there is an
/// `endsBefore`, 4: there are sources, 8: there is an offset to remember from); the digest of the windows' definition; those, the
/// former two zigzag, the last as its distance from the committed offset; the number of advances, and of each how far beyond
/// the committed offset it is and its time, zigzag; then the settled places from the committed offset on, as lengths of runs
/// that alternate between unsettled and settled. The numbers are those of `CursorMetadata`.
package struct WindowMetadata: Equatable {
    /// The watermark moves to a time at an offset although no event says so: nothing came for long.
    package struct Advance: Equatable {
        package var offset: Int64
        package var watermark: Int64
    }

    package var digest: UInt32
    /// Just before the committed offset; nil before the first event.
    package var watermark: Int64? = nil
    /// All windows that end before this are settled; nil: none.
    package var endsBefore: Int64? = nil
    /// Of a repartition topic: how far its sources are there.
    var sources: WindowSources? = nil
    /// From where the log has to be read again to know repeats; nil: from the committed offset.
    package var rememberedFrom: Int64? = nil
    /// At or beyond the committed offset, ascending.
    package var advances: ContiguousArray<Advance> = []
    /// Ascending; see `WindowTable` about places.
    package var settled: ContiguousArray<Range<Int64>> = []

    static let version = "2:"
    package static func isWritten(in text: String) -> Bool { text.hasPrefix(version) }

    package init(digest: UInt32) { self.digest = digest }

    /// Runs that would make the text longer than `limit` bytes are left out, the last ones first; `complete` says whether all
    /// fitted. All else has to.
    ///
    /// - Parameter firstPlace: that of the committed offset.
    func encode(base: Int64, firstPlace: Int64, limit: Int) -> (text: String, complete: Bool) {
        var bytes = ContiguousArray<UInt8>()
        LEB128.append((watermark == nil ? 0 : 1) | (endsBefore == nil ? 0 : 2) | (sources == nil ? 0 : 4) | (rememberedFrom == nil ? 0 : 8), to: &bytes)
        LEB128.append(UInt64(digest), to: &bytes)
        if let watermark { LEB128.append(zigzag: watermark, to: &bytes) }
        if let endsBefore { LEB128.append(zigzag: endsBefore, to: &bytes) }
        sources?.write(to: &bytes, reference: watermark ?? 0)
        if let rememberedFrom { LEB128.append(UInt64(base - rememberedFrom), to: &bytes) }
        LEB128.append(UInt64(advances.count), to: &bytes)
        for advance in advances {
            LEB128.append(UInt64(max(0, advance.offset - base)), to: &bytes)
            LEB128.append(zigzag: advance.watermark, to: &bytes)
        }
        let complete = LEB128.append(settled, from: firstPlace, room: Base64URL.room(in: limit - Self.version.utf8.count), to: &bytes)
        return (Self.version + Base64URL.encode(bytes), complete)
    }

    /// Nil for a text that is not of this version or is damaged.
    ///
    /// - Parameter firstPlace: of the base.
    package static func decode(base: Int64, firstPlace: Int64, _ text: String) -> WindowMetadata? {
        guard isWritten(in: text), let bytes = Base64URL.decode(text.dropFirst(version.count)) else { return nil }
        var position = 0
        func next() -> UInt64? { LEB128.read(bytes, &position) }
        func nextSigned() -> Int64? { LEB128.readZigzag(bytes, &position) }
        guard let flags = next(), flags < 16, let digest = next(), let digest = UInt32(exactly: digest) else { return nil }
        var found = WindowMetadata(digest: digest)
        if flags & 1 != 0 {
            guard let watermark = nextSigned() else { return nil }
            found.watermark = watermark
        }
        if flags & 2 != 0 {
            guard let endsBefore = nextSigned() else { return nil }
            found.endsBefore = endsBefore
        }
        if flags & 4 != 0 {
            guard let sources = WindowSources.read(bytes, &position, reference: found.watermark ?? 0) else { return nil }
            found.sources = sources
        }
        if flags & 8 != 0 {
            guard let distance = next(), distance <= UInt64(max(0, base)) else { return nil }
            found.rememberedFrom = base - Int64(distance)
        }
        guard let count = next(), count <= UInt64(bytes.count) else { return nil }
        for _ in 0..<count {
            guard let distance = next(), distance < 1 << 62, let watermark = nextSigned() else { return nil }
            let (offset, overflow) = base.addingReportingOverflow(Int64(distance))
            if overflow { return nil }
            found.advances.append(Advance(offset: offset, watermark: watermark))
        }
        guard let settled = LEB128.readRuns(bytes, &position, from: firstPlace) else { return nil }
        found.settled = settled
        return found
    }
}
