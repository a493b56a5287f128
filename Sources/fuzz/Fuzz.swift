import Fuzzing
import Glibc

/// Called by libFuzzer for each input. `FANFARE_FUZZ` names the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: start, count: size)
    target.run(input)
    growth.look(at: input)
    return 0
}

/// Before the first: with `FANFARE_FUZZ=list` the targets' names, with `FANFARE_FUZZ_SEEDS` the inputs to begin with.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: UnsafeMutablePointer<CInt>, _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>) -> CInt {
    if variable("FANFARE_FUZZ") == "list" {
        for target in FuzzTarget.all { print(target.name) }
        exit(0)
    }
    guard let folder = variable("FANFARE_FUZZ_SEEDS") else { return 0 }
    for (index, seed) in target.corpus(vectors: variable("FANFARE_VECTORS")).enumerated() { write(seed, to: "\(folder)/seed-\(index)") }
    let dictionary = target.words.map { "\"" + $0.utf8.map(escaped).joined() + "\"\n" }.joined()
    write(Array(dictionary.utf8), to: "\(folder).words")
    exit(0)
}

private let target: FuzzTarget = {
    let name = variable("FANFARE_FUZZ") ?? ""
    guard let target = FuzzTarget.named(name) else { fatalError("FANFARE_FUZZ names no target: \(name)") }
    return target
}()

nonisolated(unsafe) private var growth = GrowthCheck(target, seed: 1)

private func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

/// As libFuzzer's dictionaries have it.
private func escaped(_ byte: UInt8) -> String {
    let isPlain = byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    let digits = String(byte, radix: 16, uppercase: true)
    return isPlain ? String(Unicode.Scalar(byte)) : "\\x" + (digits.count < 2 ? "0" : "") + digits
}
