import t from 'tap'
import { appIn, faultsIn, fileWith } from '../../support/job-file.ts'

const port = (port: number, target: number, protocol = 'TCP', isHostPort = false) => ({ port, target, protocol, isHostPort })

t.test('short and long forms', async (t) => {
  for (const [written, ports] of [
    ['80:3000', [port(80, 3_000)]],
    ['"80:3000"', [port(80, 3_000)]],
    ['3000', [port(3_000, 3_000)]],
    ['80:30', [port(80, 30)]],
    ['53:5353/udp', [port(53, 5_353, 'UDP')]],
    ['9/sctp', [port(9, 9, 'SCTP')]],
    ['80-82:3000-3002', [port(80, 3_000), port(81, 3_001), port(82, 3_002)]],
    ['7-8', [port(7, 7), port(8, 8)]],
    ['{target: 3000}', [port(3_000, 3_000)]],
    ['{target: 3000, published: "80", protocol: udp}', [port(80, 3_000, 'UDP')]],
    ['{target: 3000, host_port: true}', [port(3_000, 3_000, 'TCP', true)]],
    ['{target: 3000, mode: host}', [port(3_000, 3_000, 'TCP', true)]],
    ['{target: 3000, mode: ingress, host_port: false}', [port(3_000, 3_000)]],
  ] as const) {
    t.strictSame(appIn(`ports: [${written}]`).ports, ports, written)
  }
})

t.test('what is no port', async (t) => {
  const form = 'a port is PUBLISHED:TARGET[/PROTOCOL] such as 80:3000, or TARGET alone'
  for (const [written, fault] of [
    ["'80:'", `${form}, not "80:"; ports are from 1 to 65535`],
    ['0', `${form}, not "0"; ports are from 1 to 65535`],
    ['80:65536', `${form}, not "80:65536"; ports are from 1 to 65535`],
    ['82-80', `${form}, not "82-80"; ports are from 1 to 65535`],
    ['http', `${form}, not "http"; ports are from 1 to 65535`],
    ['[80]', `${form}, not a list`],
    ['80/icmp', '"80/icmp": the protocol must be one of tcp, udp, sctp'],
    ['80-82:1-2', '"80-82:1-2": both ranges must have as many ports'],
    ['1000-1100', '"1000-1100": a range has at most 100 ports'],
    ['127.0.0.1:80:3000', '"127.0.0.1:80:3000": an address of the host is not supported: the Service of a job has an address of its own; leave it out'],
    ['{published: 80}', 'a port needs a target: the port of the container'],
    ['{target: web}', 'target must be a whole number from 1 to 65535, not "web"'],
    ['{target: 80, mode: host, host_port: false}', 'mode says host, but host_port says false: they are the same, and must agree'],
    ['{target: 80, name: web}', 'name is not supported: ports are named by usher'],
    ['{target: 80, host: true}', 'unknown key "host"; known here are target, published, protocol, host_port, mode'],
  ] as const) {
    t.match(faultsIn(fileWith(`ports: [${written}]`)), [new RegExp(`^5:\\d+: ${RegExp.escape(fault)}$`)], written)
  }
  t.strictSame(faultsIn(fileWith('ports: 80')), ['5:12: ports must be a list, not "80"'])
})

t.test('containers of a job share one network and one Service', async (t) => {
  const two = (a: string, b: string) => faultsIn(`name: web\ncontainers:\n  a: {image: i, ports: [${a}]}\n  b: {image: i, ports: [${b}]}\n`)
  t.strictSame(two('80:3000', '80:3001'), ['4:25: port 80 of the job is taken by a already'])
  t.strictSame(two('80:3000', '81:3000'), ['4:25: port 3000 is taken by a already: the containers of a job share one network'])
  t.strictSame(two('80:3000', '80:3000/udp'), [])
  t.strictSame(faultsIn(fileWith('ports: [80, 80]')), ['5:17: port 80 of the job is taken by another line already'])
  t.strictSame(faultsIn(fileWith('ports: ["80:3000", "81:3000"]')), [], 'one port may have two numbers')
})
