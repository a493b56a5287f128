import Glibc

extension FuzzTarget {
    /// Larger files would slow down everything that is made of them.
    private static let maximumSize = 4096

    /// The target's own seeds, and those of the shared vectors.
    ///
    /// - Parameter folder: the folder of the vectors; nil without.
    public func corpus(vectors folder: String?) -> [[UInt8]] {
        var corpus = seeds.map { Array($0.utf8) }
        guard let folder else { return corpus }
        for vectors in vectors { for file in Self.files(in: "\(folder)/\(vectors)") { corpus += Self.inputs(in: file) } }
        return corpus
    }

    private static func files(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(".json") || name.hasSuffix(".jsonl") || name.hasSuffix(".yaml") { names.append("\(folder)/\(name)") }
        }
        // The same corpus everywhere.
        return names.sorted()
    }

    /// A file is one; of a list of cases each line is.
    private static func inputs(in path: String) -> [[UInt8]] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        let isList = path.hasSuffix(".jsonl") || path.hasSuffix(".yaml")
        let parts = isList ? bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) } : [bytes]
        return parts.filter { $0.count <= maximumSize }
    }
}
