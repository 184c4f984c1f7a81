import Glibc
import LoadTest
import Reactor
import Testing

@Suite struct LimitsTests {
  private func plan(_ listeners: Int, workers: Int = 1, sources: Int = 1) throws -> Plan {
    var plan = Plan(target: try Target(.belfry, Target.Changes()))
    plan.listeners = listeners
    plan.workers = workers
    plan.sources = sources
    return plan
  }

  private func problem(
    _ plan: Plan, _ limits: Limits, usesPorts: Bool = true, isLoopback: Bool = true
  ) -> String? {
    do throws(BadInput) {
      try limits.check(plan, usesPorts: usesPorts, isLoopback: isLoopback)
      return nil
    } catch {
      return error.description
    }
  }

  private let usual = Limits(descriptors: 20_000, firstPort: 32_768, lastPort: 60_999)

  @Test func `too few descriptors are answered with the command that gives more`() throws {
    #expect(try problem(plan(19_900, sources: 2), usual) == nil)
    let text = try #require(try problem(plan(25_000, sources: 2), usual))
    #expect(text.contains("ulimit -n 25033") && text.contains("--processes 2"))
    #expect(try problem(plan(25_000, workers: 2, sources: 2), usual) == nil)
  }

  @Test func `what runs out in the run is answered with the command that gives more`() throws {
    func advice(_ code: Int32) throws -> String? {
      let error = ReactorError(function: "socket", detail: "connecting", code: code)
      return Limits.advice(for: error, try plan(1000, workers: 2, sources: 1))
    }
    let descriptors = try #require(try advice(EMFILE))
    #expect(descriptors.contains("ulimit -n 533") && descriptors.contains("--processes 3"))
    #expect(try advice(ENFILE)?.contains("sysctl -w fs.file-max=") == true)
    let ports = try #require(try advice(EADDRNOTAVAIL))
    #expect(ports.contains("sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""))
    #expect(ports.contains("--sources 2"))
    #expect(try advice(ECONNREFUSED) == nil)
  }

  @Test func `too few ports are answered with the command that gives more`() throws {
    let roomy = Limits(descriptors: 100_000, firstPort: 32_768, lastPort: 60_999)
    let text = try #require(try problem(plan(30_000), roomy))
    #expect(text.contains("sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""))
    #expect(text.contains("--sources 2"))
    let far = try #require(try problem(plan(30_000), roomy, isLoopback: false))
    #expect(far.contains("sysctl") && !far.contains("--sources"))
    #expect(try problem(plan(30_000, sources: 2), roomy) == nil)
    #expect(try problem(plan(30_000), roomy, usesPorts: false) == nil)
  }

  @Test func `several sources are for loopback only`() throws {
    let text = try #require(try problem(plan(10, sources: 2), usual, isLoopback: false))
    #expect(text.contains("--sources"))
  }

  @Test func `the sources chosen leave half of the ports free`() throws {
    #expect(try usual.sources(for: plan(1000)) == 1)
    #expect(try usual.sources(for: plan(19_000)) == 2)
    #expect(try usual.sources(for: plan(50_000)) == 4)
  }

  @Test func `this machine's limits are read`() {
    let limits = Limits.current
    #expect(limits.descriptors > 100 && limits.firstPort < limits.lastPort)
    let machine = Machine.current(limits)
    #expect(machine.cores > 0 && machine.memoryBytes > 1 << 28 && machine.kernel != "unknown")
  }
}
