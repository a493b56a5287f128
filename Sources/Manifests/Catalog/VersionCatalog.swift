internal import EventModel

/// `versions:` of a topic.
enum VersionCatalog {
    static let shape = Shape<[PayloadVersion]>(
        schema: [
            "type": "object", "propertyNames": ["pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"],
            "additionalProperties": .nullable(section.schema),
        ], form: .fileOnly
    ) { node, path, reader in
        guard let entries = reader.entries(node, path, expected: "a mapping of versions, the newest first, such as \"2\": {}") else { return nil }
        let versions = entries.map { entry in
            let here = "\(path).\(entry.key)"
            reader.remember(here, entry.value.position)
            if !isName(entry.key) {
                reader.error(entry.value.position, here, "a version's name consists of letters, digits, ., _ and -, at most 64, and begins with a letter or digit")
            }
            var version = PayloadVersion(name: entry.key)
            if !entry.value.isNull { section.apply(entry.value, here, to: &version, &reader) }
            checkTimes(version, here, &reader)
            checkMoves(version.step, here, &reader)
            return version
        }
        checkOrder(versions, path, &reader)
        return versions
    } show: { _ in .object([]) }

    private static let section = Section<PayloadVersion>(PayloadVersion(name: ""), [
        .value("deprecated", \.deprecated, .optional(date), "From when on it should no longer be used: a date."),
        .value("sunset", \.sunset, .optional(date), "From when on it may be gone: a date."),
        .undefaulted("rename", \.step.rename, renames, "Where parts of the next newer version's payload are in this one."),
        .undefaulted("drop", \.step.drop, .list("a list of JSON pointers such as [/data/taxes]", of: EventPointers.payloadPart),
            "Parts of the next newer version's payload that this one has not."),
    ])

    private static let date = Shape<WallTime>.scalar("a date such as 2027-06-01", .any, schema: .pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}.*")) {
        WallTime(dateOrTime: $0).map { .value($0) } ?? .unexpected
    } show: { .string($0.date) }

    private static let renames = Shape<[VersionStep.Rename]>(
        schema: ["type": "object", "additionalProperties": EventPointers.payloadPart.schema], form: .fileOnly
    ) { node, path, reader in
        guard let entries = reader.entries(node, path, expected: "a mapping of JSON pointers such as /data/total: /data/amount") else { return nil }
        return entries.compactMap { entry in
            let here = "\(path).\(entry.key)"
            let from = Node(position: entry.value.position, content: .scalar(.init(text: entry.key, style: .quoted)))
            guard let from = EventPointers.payloadPart.read(from, here, &reader),
                let to = EventPointers.payloadPart.read(entry.value, here, &reader)
            else { return nil }
            reader.remember(here, entry.value.position)
            return VersionStep.Rename(from: from, to: to)
        }
    } show: { _ in .object([]) }

    // MARK: Checks

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, ASCII.isLetter(first) || ASCII.isDigit(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "._-".utf8.contains($0) }
    }

    private static func checkTimes(_ version: PayloadVersion, _ path: String, _ reader: inout Reader) {
        guard let sunset = version.sunset, let place = reader.positions["\(path).sunset"] else { return }
        guard let deprecated = version.deprecated else {
            return reader.error(place, "\(path).sunset", "a version is deprecated before it goes; add deprecated, with an earlier date")
        }
        if sunset < deprecated {
            reader.error(place, "\(path).sunset", "\(sunset.date) is before deprecated (\(deprecated.date)); write a later date")
        }
    }

    /// Two values that go to one place, or a part that goes to two, would have to be chosen between.
    private static func checkMoves(_ step: VersionStep, _ path: String, _ reader: inout Reader) {
        for (index, rename) in step.rename.enumerated() {
            for other in step.rename[..<index] {
                let place = reader.positions["\(path).rename.\(rename.from)"]
                if overlap(rename.from, other.from) {
                    place.map { reader.error($0, "\(path).rename.\(rename.from)", "is a part of \(other.from), or the other way round; rename one of them") }
                }
                if overlap(rename.to, other.to) {
                    place.map { reader.error($0, "\(path).rename.\(rename.from)", "goes to the same place as \(other.from); choose another one") }
                }
            }
        }
    }

    private static func overlap(_ a: String, _ b: String) -> Bool { a == b || a.hasPrefix(b + "/") || b.hasPrefix(a + "/") }

    private static func checkOrder(_ versions: [PayloadVersion], _ path: String, _ reader: inout Reader) {
        guard let newest = versions.first else { return }
        let here = "\(path).\(newest.name)"
        guard let place = reader.positions[here] else { return }
        let numbers = versions.compactMap { Int($0.name) }
        if numbers.count == versions.count, numbers.count > 1, numbers == numbers.sorted() {
            reader.error(place, here, "the newest version comes first; turn the order round")
        } else if newest.step != VersionStep() {
            reader.error(place, here, "the first version is what the topic carries, so it renames and drops nothing; write a newer one before it, such as \"2\": {}")
        } else if newest.deprecated != nil {
            reader.error(place, here, "the first version is what the topic carries, and there is none to go to; write its successor before it")
        }
    }
}
