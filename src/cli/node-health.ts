import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { closeWithin } from '../http/close.ts'
import { systemClock } from '../lock/clock.ts'
import { buildNodeHealth } from '../node-health/app.ts'
import { Boot } from '../node-health/boot.ts'
import { DaemonSetHealth } from '../node-health/daemon-set-health.ts'
import { describeVerdict } from '../node-health/describe.ts'
import type { NodeSource } from '../node-health/source.ts'
import { watchCpu } from '../node-health/watch-cpu.ts'
import { watchDaemonSets } from '../node-health/watch-daemon-sets.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { listenAnywhere } from './listen.ts'
import { buildLog } from './log.ts'
import { type DaemonSetOptions, type NodeHealthCommandOptions, nodeHealthFlags, readNodeHealthOptions } from './node-health-options.ts'
import { portOf, serveUntilEnded } from './serve-until-ended.ts'

/** `usher node-health` */
export const nodeHealthCommand: Command = {
  name: 'node-health',
  summary: 'say over HTTP whether a node is up',
  description:
    'Answers 200 "HealthCheck OK" or 412 "HealthCheck Failed", at any path and method: whether every DaemonSet that must run ' +
    "on the node has a pod there that is ready since the boot, and, with --cpu-threshold, whether the node's CPUs are free. " +
    'It takes the place of k8s-health of pod-startup-lock, whose flags and PSL_* variables are taken; usher lock has the ' +
    'same as a gate of its own (--daemonsets). The log is JSON. More: docs/node-health.md.',
  flags: nodeHealthFlags,
  examples: ['usher node-health --node n1 --kubeconfig ~/.kube/config', 'usher node-health --hostNet --ex app:slow', 'usher node-health --cpu-threshold 80'],
  async run(values) {
    await serve(readNodeHealthOptions(values, process.env))
    return exitCodes.done
  },
}

const closeWithinMs = 3_000

async function serve(options: NodeHealthCommandOptions): Promise<void> {
  const { log, flush } = buildLog(options.level)
  const { daemonSets, cpu } = options
  /** What is looked at, and is well. */
  const isWell = { daemonSets: daemonSets === undefined, cpu: cpu === undefined }
  const app = buildNodeHealth({ isHealthy: () => isWell.daemonSets && isWell.cpu })
  const stops: (() => void)[] = []
  if (daemonSets !== undefined) stops.push(await followDaemonSets(daemonSets, (is) => (isWell.daemonSets = is), log))
  if (cpu !== undefined) stops.push(followCpu(cpu, (is) => (isWell.cpu = is), log))
  await serveUntilEnded({
    log,
    flush,
    listen: () => listenAnywhere(app, options, 'another node-health'),
    async close() {
      for (const stop of stops) stop()
      await closeWithin(app, closeWithinMs)
    },
    closeWithinMs: 2 * closeWithinMs,
    where: () => ({ port: portOf(app), ...(daemonSets === undefined ? {} : { node: daemonSets.node }), ...(cpu === undefined ? {} : { cpuThreshold: cpu.threshold }) }),
  })
}

async function followDaemonSets(options: DaemonSetOptions, found: (isWell: boolean) => void, log: Logger): Promise<() => void> {
  const { filter, failPauseMs, passPauseMs, ownPod } = options
  const health = new DaemonSetHealth({ filter, boot: new Boot(), ownPod })
  let said: string | undefined
  /** The same is not said again with each look. */
  function isNews(what: string): boolean {
    const before = said
    said = what
    return before !== what
  }
  return watchDaemonSets(
    { source: await openSource(options), health, failPauseMs, passPauseMs, clock: systemClock },
    {
      judged(verdict) {
        found(verdict.healthy)
        const reason = describeVerdict(verdict)
        if (isNews(reason)) log.info({ healthy: verdict.healthy, reason }, 'daemonsets')
      },
      failed({ kind, error }) {
        found(false)
        if (isNews(kind)) log.warn({ err: error }, failures[kind])
      },
    },
  )
}

const failures = {
  denied: 'the API server does not let us look: a right is missing',
  missing: 'there is no such node: see --node, NODE_NAME, and which cluster --kubeconfig or --baseUrl names',
  failed: 'the API server is not heard',
} as const

async function openSource({ node, filter, baseUrl, kubeconfig }: DaemonSetOptions): Promise<NodeSource> {
  const [{ atAddress, clusterOf }, { nodeSourceOf }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/daemon-sets.ts')])
  const config = baseUrl === undefined ? clusterOf(kubeconfig) : atAddress(baseUrl)
  return nodeSourceOf({ config, node, namespace: filter.namespace })
}

function followCpu(cpu: NonNullable<NodeHealthCommandOptions['cpu']>, found: (isWell: boolean) => void, log: Logger): () => void {
  let said: boolean | undefined
  return watchCpu({ ...cpu, clock: systemClock, read: readStat }, ({ isFree, percent }) => {
    found(isFree)
    if (isFree === said) return
    said = isFree
    const busyPercent = percent === undefined ? undefined : Math.round(percent)
    if (percent === undefined) log.warn('it cannot be read how busy the CPUs are')
    else log.info({ healthy: isFree, busyPercent }, 'cpu')
  })
}

function readStat(): string | undefined {
  try {
    return readFileSync('/proc/stat', 'latin1')
  } catch {
    return undefined
  }
}
