import Glibc

enum ProcessorCount {
    static var online: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
}
