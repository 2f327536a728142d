/** The cluster's command: `npm run cluster -- up`. */
import { parseArgs } from 'node:util'
import { readCluster, theCluster } from './cluster-file.ts'
import { down } from './down.ts'
import { passToKubectl } from './kubectl.ts'
import { loadImages } from './load.ts'
import { lastLogLines } from './logs.ts'
import { maxNodes } from './plan.ts'
import { rebootNode } from './reboot.ts'
import { readStatus, statusTable } from './status.ts'
import { prepare, up } from './up.ts'
import { clusterVersion, newestVersion } from './versions.ts'

const usage = `npm run cluster -- COMMAND

  up [--kube-version 1.37] [--nodes 1] [--kwok-nodes 0]
                       builds and starts a Kubernetes cluster on this machine; does nothing where it is up
  build [--kube-version 1.37]
                       only builds, also what no cluster needs that runs already
  down                 ends it, and leaves nothing behind except logs
  status [--json]      its parts and nodes; ends with 1 where not all are well
  reboot-node [node-1] ends all that runs on a node, and boots it
  load FILE.tar        imports an archive of images into every node
  logs                 the last lines of every part's log
  kubectl …            kubectl, as an administrator of the cluster
`

const say = (line: string): void => void process.stderr.write(`${line}\n`)

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

/** Runs a command, and gives its exit code. */
async function main([command = 'help', ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'up':
      return startCluster(args)
    case 'build': {
      const { values } = parse(args, { 'kube-version': { type: 'string' } }, 0)
      await prepare(clusterVersion(text(values['kube-version']) ?? newestVersion), true, say)
      return 0
    }
    case 'down':
      parse(args, {}, 0)
      await down(say)
      return 0
    case 'status':
      return showStatus(args)
    case 'reboot-node':
      await rebootNode(parse(args, {}, 1).positionals[0] ?? 'node-1', say)
      return 0
    case 'load':
      await loadImages(parse(args, {}, 1).positionals[0] ?? '', say)
      return 0
    case 'logs':
      parse(args, {}, 0)
      process.stdout.write(`${lastLogLines()}\n`)
      return 0
    case 'kubectl':
      return passToKubectl(theCluster().version, args)
    default:
      process.stderr.write(usage)
      return command === 'help' || command === '--help' ? 0 : 2
  }
}

async function startCluster(args: readonly string[]): Promise<number> {
  const string = { type: 'string' } as const
  const { values } = parse(args, { 'kube-version': string, nodes: string, 'kwok-nodes': string }, 0)
  const options = {
    minor: text(values['kube-version']) ?? newestVersion,
    nodes: parseCount('--nodes', text(values['nodes']) ?? '1', 1, maxNodes),
    kwokNodes: parseCount('--kwok-nodes', text(values['kwok-nodes']) ?? '0', 0, 1_000),
  }
  try {
    await up(options, say)
  } catch (error) {
    // Where nothing was started, the logs are those of another time; a cluster that was there has nothing new to tell.
    const refused = error instanceof Error && error.message.includes('npm run cluster -- down')
    if (readCluster() !== undefined && !refused) say(lastLogLines())
    throw error
  }
  return 0
}

async function showStatus(args: readonly string[]): Promise<number> {
  const { values } = parse(args, { json: { type: 'boolean' } }, 0)
  const status = await readStatus()
  process.stdout.write(`${values['json'] === true ? JSON.stringify(status, undefined, 2) : statusTable(status)}\n`)
  return status.healthy ? 0 : 1
}

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

function parse(args: readonly string[], options: Record<string, { type: 'string' | 'boolean' }>, maxPositionals: number): Parsed {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const extra = positionals[maxPositionals]
  if (extra !== undefined) throw new Error(`${extra}: one argument too many\n\n${usage}`)
  return { values, positionals }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function parseCount(flag: string, value: string, least: number, most: number): number {
  const count = Number(value)
  if (Number.isInteger(count) && count >= least && count <= most) return count
  throw new Error(`${flag} ${value}: not a whole number from ${least} to ${most}`)
}
