import DeliveryCore
import EventModel

/// What a committed cursor says is settled, and how the next owner is to go on. Read here by itself: the engine's own reading
/// might share a mistake with its writing.
package struct WindowClaim {
    package var base: Int64
    /// Just before the base.
    package var watermark: Int64? = nil
    /// Windows that end before it are settled.
    package var settledBefore: Int64? = nil
    /// Of a repartition topic.
    var sources: [WindowRecord.SourceState]? = nil
    package var advances: [(offset: Int64, time: Int64)] = []
    /// Places that are settled.
    package var runs: [Range<Int64>] = []

    /// Nil for what cannot be read.
    ///
    /// - Parameter places: in how many windows an event may be; nil for a subscription without windows.
    package init?(_ base: Int64, _ metadata: String, places: Int64?) {
        self.base = base
        guard let places else {
            guard let ranges = CursorMetadata.decode(base: base, metadata) else { return nil }
            runs = Array(ranges)
            return
        }
        if metadata.isEmpty { return }
        guard metadata.hasPrefix("2:"), let bytes = Self.bytes(base64: metadata.dropFirst(2)) else { return nil }
        var numbers = Numbers(bytes: bytes)
        guard let flags = numbers.next(), let digest = numbers.next(), digest < 1 << 32 else { return nil }
        if flags & 1 != 0 {
            guard let time = numbers.nextSigned() else { return nil }
            watermark = time
        }
        if flags & 2 != 0 {
            guard let time = numbers.nextSigned() else { return nil }
            settledBefore = time
        }
        if flags & 4 != 0 {
            guard let known = Self.sources(&numbers, from: watermark ?? 0) else { return nil }
            sources = known
        }
        if flags & 8 != 0, numbers.next() == nil { return nil }
        guard let count = numbers.next() else { return nil }
        for _ in 0..<count {
            guard let ahead = numbers.next(), let time = numbers.nextSigned() else { return nil }
            advances.append((base + Int64(ahead), time))
        }
        var place = base * places
        while !numbers.isAtEnd {
            guard let unsettled = numbers.next(), let settled = numbers.next(), settled > 0 else { return nil }
            place += Int64(unsettled)
            runs.append(place..<place + Int64(settled))
            place += Int64(settled)
        }
    }

    private static func sources(_ numbers: inout Numbers, from watermark: Int64) -> [WindowRecord.SourceState]? {
        guard let head = numbers.next() else { return nil }
        var sources: [WindowRecord.SourceState] = []
        for _ in 0..<head / 2 {
            guard let next = numbers.next() else { return nil }
            var source = WindowRecord.SourceState()
            if next > 0 {
                source.next = Int64(next) - 1
                guard let flags = numbers.next() else { return nil }
                source.isIdle = flags & 2 != 0
                if flags & 1 != 0 {
                    guard let distance = numbers.nextSigned() else { return nil }
                    source.watermark = watermark + distance
                }
            }
            sources.append(source)
        }
        return sources
    }

    package func says(_ instance: WindowInstance) -> Bool {
        instance.first < base || settledBefore.map { instance.end < $0 } ?? false || runs.contains { $0.contains(instance.place) }
    }

    // MARK: The text

    /// Unsigned LEB128, one after the other.
    private struct Numbers {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func next() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), through: 63, by: 7) {
                guard position < bytes.count else { return nil }
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }

        /// Zigzag: 0, -1, 1, -2, ...
        mutating func nextSigned() -> Int64? { next().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) } }
    }

    private static func bytes(base64 text: Substring) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var bits: [UInt8] = []
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            for bit in (0..<6).reversed() { bits.append(UInt8(value >> bit & 1)) }
        }
        return stride(from: 0, through: bits.count - 8, by: 8).map { start in bits[start..<start + 8].reduce(0) { $0 << 1 | $1 } }
    }
}

extension WindowClaim: CustomStringConvertible {
    package var description: String {
        var text = "\(base)"
        if let watermark { text += ", watermark \(watermark)" }
        if let settledBefore { text += ", all before \(settledBefore)" }
        for advance in advances { text += ", \(advance.time) at \(advance.offset)" }
        for run in runs { text += ", \(run)" }
        return text
    }
}
