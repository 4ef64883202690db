import TestSupport
import Testing

@testable import NeuralNetworks

/// Files of control groups as containers and schedulers show them, and what follows for the threads.
@Suite("The processors that a process may use", .inTurn) struct ProcessorAllowanceTests {
  private static let version2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
  private static let version1 = """
    23 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw
    33 32 0:30 /docker/0af /sys/fs/cgroup/cpuset ro,nosuid master:11 - cgroup cgroup rw,cpuset
    34 32 0:31 /docker/0af /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:12 - cgroup cgroup rw,cpu,cpuacct

    """

  private func quota(_ files: [String: String]) -> Double? { ControlGroups { files[$0] }.processorQuota }

  @Test func `a container of version 2 sees its own group as the top`() {
    let files = [
      "/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": Self.version2,
      "/sys/fs/cgroup/cpu.max": "150000 100000\n",
    ]
    #expect(quota(files) == 1.5)
    #expect(quota(files.merging(["/sys/fs/cgroup/cpu.max": "max 100000\n"]) { $1 }) == nil)
  }

  @Test func `the smallest limit of a group and of those around it counts`() {
    var files = [
      "/proc/self/cgroup": "0::/user.slice/job.scope\n", "/proc/self/mountinfo": Self.version2,
      "/sys/fs/cgroup/user.slice/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/user.slice/job.scope/cpu.max": "max 100000\n",
    ]
    #expect(quota(files) == 3)
    files["/sys/fs/cgroup/user.slice/job.scope/cpu.max"] = "100000 50000\n"
    #expect(quota(files) == 2)
    files["/sys/fs/cgroup/user.slice/other.scope/cpu.max"] = "10000 100000\n"
    #expect(quota(files) == 2)
  }

  @Test func `a container of version 1 sees its group at the top of the controller's folder`() {
    var files = [
      "/proc/self/cgroup": "5:cpuset:/docker/0af\n4:cpu,cpuacct:/docker/0af\n1:name=systemd:/docker/0af\n0::/\n",
      "/proc/self/mountinfo": Self.version1,
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    ]
    #expect(quota(files) == 4)
    files["/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"] = "-1\n"
    #expect(quota(files) == nil)
  }

  @Test func `both versions may be there at once`() {
    let files = [
      "/proc/self/cgroup": "1:cpu:/batch\n0::/batch\n",
      "/proc/self/mountinfo": "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "/sys/fs/cgroup/cpu/batch/cpu.cfs_quota_us": "250000\n", "/sys/fs/cgroup/cpu/batch/cpu.cfs_period_us": "100000\n",
    ]
    #expect(quota(files) == 2.5)
  }

  @Test func `a group above the one that is shown leaves its top folder`() {
    let files = [
      "/proc/self/cgroup": "0::/../../other\n", "/proc/self/mountinfo": Self.version2,
      "/sys/fs/cgroup/cpu.max": "50000 100000\n",
    ]
    #expect(quota(files) == 0.5)
  }

  @Test func `what cannot be read limits nothing`() {
    #expect(quota([:]) == nil)
    #expect(quota(["/proc/self/cgroup": "0::/\n", "/proc/self/mountinfo": Self.version2]) == nil)
    for text in ["", "max", "150000", "0 100000", "100000 0", "-1 100000", "many few", "1 2 3"] {
      #expect(ControlGroups.quota(text) == nil, "\(text)")
    }
  }

  @Test(arguments: [
    (nil, 8, 8), (1.5, 8, 2), (4.0, 8, 4), (0.2, 8, 1), (12.0, 8, 8), (2.01, 2, 2), (1.5, 1, 1), (1e300, 4, 4),
  ]) func `threads are the processors, or the quota rounded up`(quota: Double?, bound: Int, threads: Int) {
    #expect(ProcessorAllowance(online: 8, bound: bound, quota: quota).threads == threads)
  }

  @Test func `what limits the threads is said, unless the user has said how many`() {
    let free = ProcessorAllowance(online: 8, bound: 8, quota: nil)
    #expect(free.description() == "8 threads" && free.note(asked: nil) == nil)
    let quota = ProcessorAllowance(online: 8, bound: 8, quota: 1.5)
    #expect(
      quota.description() == "2 threads: the container's limit is 1.5 of 8 processors; --threads overrules it")
    #expect(quota.description(asked: 5) == "5 threads" && quota.note(asked: 5) == nil)
    let bound = ProcessorAllowance(online: 8, bound: 1, quota: 4)
    #expect(
      bound.note(asked: nil) == "1 thread: this process is bound to 1 of 8 processors; --threads overrules it")
  }

  @Test func `a process is bound to those of its list that are switched on`() {
    func allowance(_ files: [String: String]) -> ProcessorAllowance {
      ProcessorAllowance(reading: { files[$0] }, processors: (online: 6, bound: 5))
    }
    let online = "/sys/devices/system/cpu/online", status = "/proc/self/status"
    let bound = allowance([online: "0-3,8\n", status: "Name:\tevaluate\nCpus_allowed_list:\t2-127\nCpus:\t0\n"])
    #expect(bound == ProcessorAllowance(online: 5, bound: 3, quota: nil))
    // What no file says, the system's own count does.
    #expect(allowance([:]) == ProcessorAllowance(online: 6, bound: 5, quota: nil))
    #expect(allowance([online: "0-3\n", status: "Cpus_allowed_list:\tall\n"]).bound == 5)
  }

  @Test func `lists of processors are numbers and ranges`() {
    #expect(ProcessorAllowance.numbers("0-3,8,10-11\n") == [0, 1, 2, 3, 8, 10, 11])
    #expect(ProcessorAllowance.numbers("") == [])
    for text in ["a", "3-1", "1-2-3", "-1", "0-", "0-99999999999"] {
      #expect(ProcessorAllowance.numbers(text) == nil, "\(text)")
    }
  }

  @Test func `this process may use a processor of the machine`() {
    let current = ProcessorAllowance.current
    #expect(current.bound >= 1 && current.threads >= 1 && current.threads <= current.bound)
  }
}
