import type { JobPort } from '../job.ts'
import { readFields, readItems } from './fields.ts'
import { describe, type FileEntry, type FileNode, quote } from './file-node.ts'
import { readChoice, readFlag, readPort, readWord } from './scalars.ts'
import type { Scope } from './scope.ts'

/** A port, and where it stands. */
export interface PlacedPort extends JobPort {
  readonly at: number
}

/** The ports of a container. */
export function readPorts(scope: Scope, entry: FileEntry): readonly PlacedPort[] {
  return readItems(scope, entry).flatMap((item) => (item.kind === 'map' ? readLong(scope, item) : readShort(scope, item)))
}

// More than that is another kind of application: each is an entry of a Service.
const longestRange = 100
const shortForm = 'a port is PUBLISHED:TARGET[/PROTOCOL] such as 80:3000, or TARGET alone'

function readShort(scope: Scope, item: FileNode): readonly PlacedPort[] {
  const { report } = scope
  if (item.kind === 'list') {
    report.problem(item.at, `${shortForm}, not ${describe(item)}`)
    return []
  }
  const text = readWord(scope, item, 'a port')
  if (text === undefined) return []
  if (/^\[|^\d{1,3}(?:\.\d{1,3}){3}:/.test(text)) {
    report.problem(item.at, `${quote(text)}: an address of the host is not supported: the Service of a job has an address of its own; leave it out`)
    return []
  }
  const [, from, to, protocol = 'tcp'] = /^(?:(\d+(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(text) ?? []
  const [targets, ports] = [rangeOf(to), rangeOf(from ?? to)]
  if (targets === undefined || ports === undefined) {
    report.problem(item.at, `${shortForm}, not ${quote(text)}; ports are from 1 to 65535`)
    return []
  }
  const known = protocolOf(protocol)
  if (known === undefined) report.problem(item.at, `${quote(text)}: the protocol must be one of tcp, udp, sctp`)
  if (targets.length !== ports.length) report.problem(item.at, `${quote(text)}: both ranges must have as many ports`)
  if (targets.length > longestRange) report.problem(item.at, `${quote(text)}: a range has at most ${longestRange} ports`)
  return targets.slice(0, longestRange).map((target, index) => ({ port: ports[index] ?? target, target, protocol: known ?? 'TCP', isHostPort: false, at: item.at }))
}

/** The ports of `80` or `80-89`. */
function rangeOf(text: string | undefined): readonly number[] | undefined {
  const [first = Number.NaN, last = first] = (text ?? '').split('-').map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : Number.NaN))
  if (!(first >= 1 && last >= first && last <= 65_535)) return undefined
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function protocolOf(text: string): JobPort['protocol'] | undefined {
  const known = text.toUpperCase()
  return known === 'TCP' || known === 'UDP' || known === 'SCTP' ? known : undefined
}

function readLong(scope: Scope, item: FileNode): readonly PlacedPort[] {
  const fields = readFields(scope, item, 'port', 'a port')
  if (fields === undefined) return []
  const [targetEntry, published, protocol, hostPort, mode] = [fields.get('target'), fields.get('published'), fields.get('protocol'), fields.get('host_port'), fields.get('mode')]
  if (!fields.says('target')) scope.report.problem(item.at, 'a port needs a target: the port of the container')
  const target = targetEntry === undefined ? undefined : readPort(scope, targetEntry.value, 'target')
  const port = published === undefined ? target : readPort(scope, published.value, 'published')
  const word = protocol === undefined ? 'tcp' : readChoice(scope, protocol.value, 'protocol', ['tcp', 'udp', 'sctp'])
  const flag = hostPort === undefined ? undefined : readFlag(scope, hostPort.value, 'host_port')
  const kind = mode === undefined ? undefined : readChoice(scope, mode.value, 'mode', ['ingress', 'host'])
  if (mode !== undefined && flag !== undefined && kind !== undefined && flag !== (kind === 'host')) {
    scope.report.problem(mode.at, `mode says ${kind}, but host_port says ${flag}: they are the same, and must agree`)
  }
  if (target === undefined || port === undefined) return []
  return [{ port, target, protocol: protocolOf(word ?? '') ?? 'TCP', isHostPort: flag ?? kind === 'host', at: item.at }]
}

/** Reports ports of one job that exclude each other: its containers share one network, and one Service. */
export function checkPorts({ report }: Scope, containers: readonly { readonly name: string; readonly ports: readonly PlacedPort[] }[]): void {
  const published = new Map<string, string>()
  const bound = new Map<string, string>()
  for (const { name, ports } of containers) {
    for (const { port, target, protocol, at } of ports) {
      const [service, container] = [`${port}/${protocol}`, `${target}/${protocol}`]
      const [other, binder] = [published.get(service), bound.get(container)]
      if (other !== undefined) report.problem(at, `port ${port} of the job is taken by ${other === name ? 'another line' : other} already`)
      if (binder !== undefined && binder !== name) report.problem(at, `port ${target} is taken by ${binder} already: the containers of a job share one network`)
      published.set(service, other ?? name)
      bound.set(container, binder ?? name)
    }
  }
}
