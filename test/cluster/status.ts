import { theCluster } from './cluster-file.ts'
import { logFile } from './folders.ts'
import { tryKubectl } from './kubectl.ts'
import { isRunning, recordedParts } from './processes.ts'

/** How a cluster does. */
export interface Status {
  readonly version: string
  readonly healthy: boolean
  readonly parts: readonly { readonly name: string; readonly running: boolean; readonly pid: number; readonly log: string }[]
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly version: string; readonly address: string }[]
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[]
      readonly addresses?: readonly { readonly type: string; readonly address: string }[]
      readonly nodeInfo?: { readonly kubeletVersion: string }
    }
  }[]
}

/** The parts that were started and do not run any more. */
export function endedParts(): readonly string[] {
  return recordedParts().filter((part) => !isRunning(part)).map(({ name }) => `${name} has ended`)
}

/** Throws where a part has ended, while something is waited for that needs it. */
export function requireParts(): void {
  const ended = endedParts()
  if (ended.length > 0) throw new Error(ended.join(', '))
}

/** Looks at every part and asks for the nodes. Throws where there is no cluster. */
export async function readStatus(): Promise<Status> {
  const { version } = theCluster()
  const parts = recordedParts().map((part) => ({ name: part.name, running: isRunning(part), pid: part.pid, log: logFile(part.name) }))
  const { stdout, code } = await tryKubectl(version, ['get', 'nodes', '-o', 'json', '--request-timeout=5s'])
  const nodes = code === 0 ? (JSON.parse(stdout) as NodeList).items.map(nodeStatus) : []
  const healthy = nodes.length > 0 && parts.every(({ running }) => running) && nodes.every(({ ready }) => ready)
  return { version: version.minor, healthy, parts, nodes }
}

/** A status as a table. */
export function statusTable({ version, healthy, parts, nodes }: Status): string {
  const rows = [
    ['PART', 'STATE', 'PID', 'LOG'],
    ...parts.map(({ name, running, pid, log }) => [name, running ? 'running' : 'ENDED', running ? String(pid) : '-', log]),
    [],
    ['NODE', 'STATE', 'VERSION', 'ADDRESS'],
    ...nodes.map(({ name, ready, version: kubelet, address }) => [name, ready ? 'ready' : 'NOT READY', kubelet, address]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
  return [`Kubernetes ${version}: ${healthy ? 'up' : 'half dead; npm run cluster -- down, and up again'}`, '', ...lines].join('\n')
}

function nodeStatus({ metadata, status }: NodeList['items'][number]): Status['nodes'][number] {
  return {
    name: metadata.name,
    ready: status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    version: status.nodeInfo?.kubeletVersion ?? '',
    address: status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
  }
}
